/* The statement check on any bytes: it ends, stays in bounds and explains each refusal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[STATEMENT_WHY_SIZE];
    memset(why, 1, sizeof why);
    enum err err = statement_check((struct slice){(const char *)data, size}, why);
    bool is_explained =
        strnlen(why, sizeof why) < sizeof why && (err == ERR_OK) == (why[0] == '\0');
    if (!is_explained)
        abort();
    return 0;
}
