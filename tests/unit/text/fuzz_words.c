/* Any bytes: no crash, and both ways to count agree. */
#include <stdint.h>
#include <stdlib.h>

#include "text/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct words_signals signals;
    words_look(&signals, text);
    if (signals.word_count != words_count(text) || (signals.is_backchannel && signals.is_hanging))
        abort();
    return 0;
}
