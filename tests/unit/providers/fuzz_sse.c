/* The same events come out whole, byte by byte, and in odd portions. */
#include <stdint.h>
#include <stdlib.h>

#include "providers/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT 4096

static void feed(struct slice text, size_t step, struct strbuf *out)
{
    struct sse sse;
    struct sse_event event;
    enum err err = ERR_OK;
    sse_init(&sse, LIMIT);
    for (size_t at = 0; at < text.len && !err; at += step) {
        struct slice bytes = {text.data + at, text.len - at < step ? text.len - at : step};
        while (!(err = sse_next(&sse, &bytes, &event)) && event.is_whole) {
            strbuf_add_json(out, event.kind);
            strbuf_add_json(out, event.data);
        }
        if (!err && bytes.len)
            abort();
    }
    if (!err)
        err = sse_finish(&sse, &event);
    if (!err && event.is_whole)
        strbuf_add_json(out, event.data);
    strbuf_add_text(out, err_name(err));
    sse_free(&sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 3, 1 << 20};
    struct slice text = {(const char *)data, size};
    struct strbuf out[3];
    for (size_t i = 0; i < 3; i++) {
        strbuf_init(&out[i], 16 << 20);
        feed(text, steps[i], &out[i]);
        if (!slice_equal(strbuf_slice(&out[0]), strbuf_slice(&out[i])))
            abort();
    }
    for (size_t i = 0; i < 3; i++)
        strbuf_free(&out[i]);
    return 0;
}
