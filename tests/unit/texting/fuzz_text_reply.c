/* Whatever a model writes: what goes out is valid UTF-8, of at most so many segments, and not longer than the carrier takes. */
#include <assert.h>
#include <stdint.h>

#include "base/utf8.h"
#include "text/segments.h"
#include "texting/text_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned most = size ? data[0] % 10 + 1 : 1;
    struct strbuf out;
    strbuf_init(&out, 65536);
    text_reply(&out, (struct slice){(const char *)data, size}, most);
    struct slice text = strbuf_slice(&out);
    assert(text.len == 0 || utf8_is_valid(text.data, text.len));
    assert(text_segments(text).count <= most);
    assert(text_segments(text).letters <= TEXT_LETTERS_MAX);
    strbuf_free(&out);
    return 0;
}
