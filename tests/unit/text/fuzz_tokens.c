/* Any bytes: no crash, and never more tokens than bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "text/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t tokens = tokens_estimate((struct slice){(const char *)data, size});
    if (tokens > size || (size == 0 && tokens))
        abort();
    return 0;
}
