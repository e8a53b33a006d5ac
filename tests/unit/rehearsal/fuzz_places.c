/* Any text has places: whatever it is, lines lie within it. */
#include <stdint.h>
#include <stdlib.h>

#include "rehearsal/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned steps[8], lines = 1;
    struct slice text = {(const char *)data, size};
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    unsigned line = places_find(text, SLICE("a"), steps, 8);
    if (line < 1 || line > lines)
        abort();
    for (size_t i = 0; i < 8; i++)
        if (steps[i] < line || steps[i] > lines)
            abort();
    return 0;
}
