#include "net/ws_frames.h"

#include <string.h>

#define FINAL 0x80
#define RESERVED 0x70
#define OPCODE 0x0f
#define MASKED 0x80
#define LENGTH 0x7f

void ws_frames_init(struct ws_frames *frames, bool is_masked)
{
    *frames = (struct ws_frames){.is_masked = is_masked};
}

bool ws_close_code_is_valid(int code)
{
    bool is_defined = code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
    return is_defined || (code >= 3000 && code <= 4999);
}

void ws_frame_mask(unsigned char *data, size_t len, const unsigned char mask[4], size_t at)
{
    unsigned char pattern[sizeof(uint64_t)];
    uint64_t wide, word;
    size_t i = 0;
    for (size_t j = 0; j < sizeof pattern; j++)
        pattern[j] = mask[(at + j) & 3];
    memcpy(&wide, pattern, sizeof wide);
    for (; len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        word ^= wide;
        memcpy(data + i, &word, sizeof word);
    }
    for (; i < len; i++)
        data[i] ^= pattern[i & 7];
}

size_t ws_frame_head(unsigned char out[WS_HEAD_MAX_BYTES], enum ws_opcode opcode, uint64_t len,
    const unsigned char *mask)
{
    unsigned wide = len < 126 ? 0 : len <= 0xffff ? 2 : 8;
    unsigned char mask_bit = mask ? MASKED : 0;
    out[0] = (unsigned char)(FINAL | opcode);
    out[1] = mask_bit | (unsigned char)(wide == 0 ? len : wide == 2 ? 126 : 127);
    for (unsigned i = 0; i < wide; i++)
        out[2 + i] = (unsigned char)(len >> 8 * (wide - 1 - i));
    if (mask)
        memcpy(out + 2 + wide, mask, 4);
    return 2 + wide + (mask ? 4 : 0);
}

static enum ws_found bad(struct ws_frames *frames, struct ws_part *part, int code, const char *why)
{
    frames->is_over = true;
    *part = (struct ws_part){.code = code, .why = why};
    return WS_FOUND_BAD;
}

static bool is_control(unsigned opcode)
{
    return opcode & 8;
}

/* What may not be the first byte of a frame here; NULL when it may. */
static const char *why_not_first(const struct ws_frames *frames)
{
    unsigned opcode = frames->head[0] & OPCODE;
    bool is_final = frames->head[0] & FINAL;
    if (frames->head[0] & RESERVED)
        return "reserved bit";
    if ((opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG)
        return "reserved opcode";
    if (is_control(opcode))
        return is_final ? NULL : "fragmented control frame";
    if (opcode == WS_CONTINUATION)
        return frames->is_message ? NULL : "continuation of nothing";
    return frames->is_message ? "new message inside another" : NULL;
}

static const char *why_not_second(const struct ws_frames *frames)
{
    bool is_masked = frames->head[1] & MASKED;
    if (is_masked != frames->is_masked)
        return is_masked ? "masked frame" : "unmasked frame";
    if (is_control(frames->head[0] & OPCODE) && (frames->head[1] & LENGTH) > WS_CONTROL_MAX_BYTES)
        return "control frame too large";
    return NULL;
}

/* How many bytes the length takes behind the first two. */
static unsigned wide_of(const struct ws_frames *frames)
{
    unsigned length = frames->head[1] & LENGTH;
    return length < 126 ? 0 : length == 126 ? 2 : 8;
}

static const char *read_length(struct ws_frames *frames)
{
    unsigned wide = wide_of(frames);
    uint64_t length = wide ? 0 : frames->head[1] & LENGTH;
    for (unsigned i = 0; i < wide; i++)
        length = length << 8 | frames->head[2 + i];
    frames->left = length;
    if (length >> 63)
        return "impossible length";
    return (wide == 2 && length < 126) || (wide == 8 && length <= 0xffff) ? "length not minimal"
                                                                          : NULL;
}

/* One more byte of the head; `is_whole` when it was the last. NULL, or what is wrong with it. */
static const char *take_head_byte(struct ws_frames *frames, unsigned char byte, bool *is_whole)
{
    frames->head[frames->head_len++] = byte;
    if (frames->head_len == 1)
        return why_not_first(frames);
    const char *why = frames->head_len == 2 ? why_not_second(frames) : NULL;
    if (!why && frames->head_len == 2 + wide_of(frames))
        why = read_length(frames);
    *is_whole = frames->head_len == 2 + wide_of(frames) + (frames->is_masked ? 4u : 0u);
    return why;
}

static void begin_payload(struct ws_frames *frames)
{
    frames->opcode = frames->head[0] & OPCODE;
    frames->is_final = frames->head[0] & FINAL;
    if (frames->is_masked)
        memcpy(frames->mask, frames->head + frames->head_len - 4, 4);
    frames->mask_at = 0;
    frames->head_len = 0;
    frames->control_len = 0;
    frames->is_in_payload = true;
    if (frames->opcode == WS_TEXT || frames->opcode == WS_BINARY) {
        frames->is_message = true;
        frames->is_fresh = true;
        frames->is_text = frames->opcode == WS_TEXT;
        frames->text = (struct utf8_check){0};
    }
}

static enum ws_found take_head(struct ws_frames *frames, const unsigned char *data, size_t len,
    size_t *used, struct ws_part *part)
{
    bool is_whole = false;
    while (*used < len && !is_whole) {
        const char *why = take_head_byte(frames, data[(*used)++], &is_whole);
        if (why)
            return bad(frames, part, WS_CLOSE_PROTOCOL, why);
    }
    if (!is_whole)
        return WS_FOUND_NOTHING;
    begin_payload(frames);
    return WS_FOUND_FRAME;
}

/* What there is of the running frame's payload, unmasked. */
static struct slice take_payload(
    struct ws_frames *frames, unsigned char *data, size_t len, size_t *used)
{
    size_t take = frames->left < len - *used ? (size_t)frames->left : len - *used;
    unsigned char *at = data + *used;
    if (frames->is_masked && take)
        ws_frame_mask(at, take, frames->mask, frames->mask_at);
    frames->mask_at = (frames->mask_at + take) & 3;
    frames->left -= take;
    *used += take;
    return (struct slice){(const char *)at, take};
}

static enum ws_found take_data(struct ws_frames *frames, struct slice bytes, struct ws_part *part)
{
    bool is_end = frames->left == 0, is_last = is_end && frames->is_final;
    *part = (struct ws_part){.bytes = bytes,
        .is_first = frames->is_fresh,
        .is_last = is_last,
        .is_binary = !frames->is_text};
    frames->is_fresh = false;
    frames->is_in_payload = !is_end;
    frames->is_message = !is_last;
    if (frames->is_text && (!utf8_check_take(&frames->text, bytes.data, bytes.len) ||
                               (is_last && !utf8_check_is_whole(&frames->text))))
        return bad(frames, part, WS_CLOSE_NOT_UTF8, "invalid UTF-8");
    return WS_FOUND_DATA;
}

static enum ws_found take_close(struct ws_frames *frames, struct slice bytes, struct ws_part *part)
{
    const unsigned char *code = (const unsigned char *)bytes.data;
    frames->is_over = true;
    part->bytes = (struct slice){"", 0};
    if (!bytes.len)
        return WS_FOUND_CLOSE;
    if (bytes.len == 1)
        return bad(frames, part, WS_CLOSE_PROTOCOL, "half a close code");
    part->code = code[0] << 8 | code[1];
    part->bytes = (struct slice){bytes.data + 2, bytes.len - 2};
    if (!ws_close_code_is_valid(part->code))
        return bad(frames, part, WS_CLOSE_PROTOCOL, "invalid close code");
    if (!utf8_is_valid(part->bytes.data, part->bytes.len))
        return bad(frames, part, WS_CLOSE_NOT_UTF8, "invalid UTF-8");
    return WS_FOUND_CLOSE;
}

/* A control frame in one piece is given out where it lies. */
static enum ws_found take_control(
    struct ws_frames *frames, struct slice bytes, struct ws_part *part)
{
    if (frames->left || frames->control_len) {
        memcpy(frames->control + frames->control_len, bytes.data, bytes.len);
        frames->control_len += (unsigned char)bytes.len;
        if (frames->left)
            return WS_FOUND_NOTHING;
        bytes = (struct slice){(const char *)frames->control, frames->control_len};
    }
    frames->is_in_payload = false;
    *part = (struct ws_part){.bytes = bytes};
    if (frames->opcode == WS_CLOSE)
        return take_close(frames, bytes, part);
    return frames->opcode == WS_PING ? WS_FOUND_PING : WS_FOUND_PONG;
}

enum ws_found ws_frames_take(
    struct ws_frames *frames, unsigned char *data, size_t len, size_t *used, struct ws_part *part)
{
    *used = 0;
    if (frames->is_over) {
        *used = len;
        return WS_FOUND_NOTHING;
    }
    if (!frames->is_in_payload)
        return take_head(frames, data, len, used, part);
    if (frames->left && !len)
        return WS_FOUND_NOTHING;
    struct slice bytes = take_payload(frames, data, len, used);
    return is_control(frames->opcode) ? take_control(frames, bytes, part)
                                      : take_data(frames, bytes, part);
}
