/* Any bytes as a bundle: refused with a reason, or files that make the same bundle again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "script/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sources *sources, *again;
    char why[256] = "", *text;
    if (sources_from_bundle(&sources, (struct slice){(const char *)data, size}, "scripts", why)) {
        check(why[0] && strnlen(why, sizeof why) < sizeof why);
        return 0;
    }
    check(sources->is_sealed && sources_find(sources, "agent.lua") != NULL);
    check(sources_to_bundle(&text, sources) == ERR_OK);
    check(sources_from_bundle(&again, slice_from(text), "scripts", why) == ERR_OK);
    check(again->count == sources->count);
    sources_release(again);
    sources_release(sources);
    free(text);
    return 0;
}
