/* The input is the service's message, as it is. */
#include <stdint.h>
#include <stdlib.h>

#include "providers/elevenlabs_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elevenlabs_message message;
    if (elevenlabs_decode(&message, (struct slice){(const char *)data, size}))
        return 0;
    if (message.speech.audio_len > size)
        abort();
    for (size_t i = 0; i < message.speech.timing_count; i++) {
        if (!message.speech.timings[i].character.len)
            abort();
    }
    elevenlabs_message_free(&message);
    return 0;
}
