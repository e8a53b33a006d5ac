/* Any bytes as a text of a person: an answer comes, what is STOP with blanks around it stays so, and so does the count of
   its segments fit its length. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/opt_out.h"
#include "text/segments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    enum opt_out_word word = opt_out_read_text(text);
    char *padded = malloc(size + 2);
    if (!padded)
        return 0;
    padded[0] = padded[size + 1] = ' ';
    if (size)
        memcpy(padded + 1, data, size);
    if (size < 200 && opt_out_read_text((struct slice){padded, size + 2}) != word)
        abort();
    free(padded);
    opt_out_was_spoken(text);
    struct text_segments segments = text_segments(text);
    if (segments.letters > size || segments.count > segments.letters || !segments.count != !size)
        abort();
    return 0;
}
