/* Frames of strangers in arbitrary pieces: how they are cut makes no difference, text that is given out is
   valid UTF-8, and what was framed by us reads back as it was. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "net/ws_frames.h"

/* Everything a reading found, in one buffer whatever the pieces were. */
struct account {
    struct strbuf text, message;
    unsigned frames, ends;
    int code;
};

static void keep(struct account *account, const struct ws_part *part)
{
    if (part->is_first)
        strbuf_clear(&account->message);
    strbuf_add_slice(&account->message, part->bytes);
    if (!part->is_last)
        return;
    struct slice message = strbuf_slice(&account->message);
    assert(part->is_binary || utf8_is_valid(message.data, message.len));
    strbuf_printf(&account->text, "%s %zu:", part->is_binary ? "binary" : "text", message.len);
    strbuf_add_slice(&account->text, message);
}

static void tell(struct account *account, enum ws_found found, const struct ws_part *part)
{
    switch (found) {
    case WS_FOUND_NOTHING:
        break;
    case WS_FOUND_FRAME:
        account->frames++;
        break;
    case WS_FOUND_DATA:
        keep(account, part);
        break;
    case WS_FOUND_PING:
    case WS_FOUND_PONG:
    case WS_FOUND_CLOSE:
        assert(part->bytes.len <= WS_CONTROL_MAX_BYTES);
        strbuf_printf(&account->text, "control %d %d:", found, part->code);
        strbuf_add_slice(&account->text, part->bytes);
        account->ends += found == WS_FOUND_CLOSE;
        break;
    case WS_FOUND_BAD:
        assert(part->why && ws_close_code_is_valid(part->code));
        account->code = part->code;
        account->ends++;
        break;
    }
    assert(account->ends <= 1);
}

/* `cut` gives the length of each piece. */
static void read_all(struct account *account, bool is_masked, const uint8_t *data, size_t size,
    size_t (*cut)(size_t at))
{
    struct ws_frames frames;
    *account = (struct account){0};
    strbuf_init(&account->text, 1 << 20);
    strbuf_init(&account->message, 1 << 20);
    ws_frames_init(&frames, is_masked);
    for (size_t at = 0, step; at < size; at += step) {
        step = cut(at) < size - at ? cut(at) : size - at;
        unsigned char *piece = malloc(step); /* exact, so that a step past it is seen */
        size_t done = 0, used;
        enum ws_found found;
        memcpy(piece, data + at, step);
        do {
            struct ws_part part = {0};
            found = ws_frames_take(&frames, piece + done, step - done, &used, &part);
            done += used;
            assert(done <= step);
            tell(account, found, &part);
        } while (found != WS_FOUND_NOTHING);
        assert(done == step);
        free(piece);
    }
}

static void forget(struct account *account)
{
    strbuf_free(&account->text);
    strbuf_free(&account->message);
}

static size_t whole(size_t at)
{
    (void)at;
    return SIZE_MAX;
}

static size_t single(size_t at)
{
    (void)at;
    return 1;
}

static size_t odd(size_t at)
{
    return at * 2654435761u % 11 + 1;
}

static bool is_same(const struct account *a, const struct account *b)
{
    return a->code == b->code && a->ends == b->ends && a->frames == b->frames &&
           slice_equal(strbuf_slice(&a->text), strbuf_slice(&b->text));
}

static void cutting_makes_no_difference(bool is_masked, const uint8_t *data, size_t size)
{
    struct account once, bytes, mixed;
    read_all(&once, is_masked, data, size, whole);
    read_all(&bytes, is_masked, data, size, single);
    read_all(&mixed, is_masked, data, size, odd);
    assert(is_same(&once, &bytes) && is_same(&once, &mixed));
    forget(&once);
    forget(&bytes);
    forget(&mixed);
}

/* The input cut into messages, each framed by us and read back. */
static void what_is_framed_reads_back(const uint8_t *data, size_t size)
{
    struct strbuf wire, expected;
    struct account account;
    const unsigned char mask[4] = {data[0], data[size / 2], data[size - 1], (unsigned char)size};
    strbuf_init(&wire, 1 << 20);
    strbuf_init(&expected, 1 << 20);
    for (size_t at = 0, step; at < size; at += step) {
        step = 1 + data[at] * (size_t)(data[at] % 3) % (size - at);
        bool is_text = utf8_is_valid((const char *)data + at, step);
        unsigned char head[WS_HEAD_MAX_BYTES];
        strbuf_add(&wire, head, ws_frame_head(head, is_text ? WS_TEXT : WS_BINARY, step, mask));
        strbuf_add(&wire, data + at, step);
        ws_frame_mask((unsigned char *)wire.data + wire.len - step, step, mask, 0);
        strbuf_printf(&expected, "%s %zu:", is_text ? "text" : "binary", step);
        strbuf_add(&expected, data + at, step);
    }
    read_all(&account, true, (const uint8_t *)wire.data, wire.len, odd);
    assert(!account.ends);
    assert(slice_equal(strbuf_slice(&account.text), strbuf_slice(&expected)));
    forget(&account);
    strbuf_free(&wire);
    strbuf_free(&expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size || size > 4096)
        return 0;
    cutting_makes_no_difference(true, data, size);
    cutting_makes_no_difference(false, data, size);
    what_is_framed_reads_back(data, size);
    return 0;
}
