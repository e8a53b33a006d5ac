/* Any bytes: no crash, and what was decoded is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/stream_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream_event event;
    if (stream_decode(&event, (struct slice){(const char *)data, size}))
        return 0;
    must(memchr(event.stream_sid, 0, sizeof event.stream_sid) != NULL);
    if (event.kind == STREAM_MEDIA)
        must(event.media.len <= STREAM_MEDIA_MAX_BYTES);
    if (event.kind == STREAM_START)
        must(event.start.parameter_count <= STREAM_PARAMETERS_MAX);
    if (event.kind == STREAM_MARK)
        must(memchr(event.mark, 0, sizeof event.mark) != NULL);
    return 0;
}
