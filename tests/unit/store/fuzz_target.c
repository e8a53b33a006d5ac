/* DATABASE_URL: taken apart, or refused without a word of what it says (passwords stand in it). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "store/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct target *target)
{
    if (target->count > TARGET_PARAMETERS || target->keywords[target->count])
        abort();
    for (size_t i = 0; i < target->count; i++) {
        if (!target->keywords[i][0] || !target->values[i])
            abort();
    }
    if (target->host && (target->host[0] == '/' || strchr(target->host, ',')))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct target target;
    char why[200] = "";
    char *url = slice_dup((struct slice){(const char *)data, size});
    if (target_parse(&target, url, "fuzz", why) == ERR_OK) {
        check(&target);
        target_free(&target);
    } else if (strncmp(why, "the database URL ", 17) != 0) {
        abort();
    }
    free(url);
    return 0;
}
