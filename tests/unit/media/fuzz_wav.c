/* Any bytes: no crash, and samples that are found lie inside the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    unsigned rate_hz;
    const int16_t *samples;
    size_t count;
    if (wav_read((struct slice){copy, size}, &rate_hz, &samples, &count) == ERR_OK) {
        const char *start = (const char *)samples;
        if (start < copy || start + count * 2 > copy + size || !rate_hz)
            abort();
    }
    free(copy);
    return 0;
}
