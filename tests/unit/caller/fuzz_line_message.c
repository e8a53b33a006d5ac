/* What a server sends over the stream, read as strictly as Twilio does: any bytes are read or refused with a
   reason; audio that is taken is not more than its base64. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "caller/line_message.h"

#define SID "MZ00000000000000000000000000000001"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_message message;
    char why[LINE_WHY_SIZE] = "";
    if (line_message_read(&message, (struct slice){(const char *)data, size}, SID, why)) {
        if (!why[0] || !memchr(why, 0, sizeof why))
            abort();
        return 0;
    }
    if (!memmem(data, size, SID, strlen(SID)) && !memchr(data, '\\', size))
        abort(); /* another stream's */
    if (message.kind == LINE_MEDIA && (!message.audio || message.audio_len > size))
        abort();
    if (message.kind == LINE_MARK && !memchr(message.mark, 0, sizeof message.mark))
        abort();
    line_message_free(&message);
    return 0;
}
