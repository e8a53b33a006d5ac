#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/ws_frames.h"

/* What a reading found, as text: "[hello]" a message, "{ab]" a binary one, P ping, Q pong, C1000 close,
   !1002 bad. How much of a bad message was given out before depends on how it was cut. */
struct story {
    char text[4096];
    size_t len;
    size_t sure; /* up to here it cannot depend on the cutting */
};

__attribute__((format(printf, 2, 3))) static void note(struct story *story, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    story->len +=
        (size_t)vsnprintf(story->text + story->len, sizeof story->text - story->len, format, args);
    va_end(args);
    assert_true(story->len < sizeof story->text);
}

static void forget_unsure(struct story *story)
{
    story->len = story->sure;
    story->text[story->len] = '\0';
}

static void tell(struct story *story, enum ws_found found, const struct ws_part *part)
{
    switch (found) {
    case WS_FOUND_NOTHING:
    case WS_FOUND_FRAME:
        return;
    case WS_FOUND_DATA:
        note(story, "%s%.*s%s", part->is_first ? part->is_binary ? "{" : "[" : "",
            (int)part->bytes.len, part->bytes.data, part->is_last ? "]" : "");
        break;
    case WS_FOUND_PING:
    case WS_FOUND_PONG:
        note(story, "%s(%.*s)", found == WS_FOUND_PING ? "P" : "Q", (int)part->bytes.len,
            part->bytes.data);
        break;
    case WS_FOUND_CLOSE:
        note(story, "C%d(%.*s)", part->code, (int)part->bytes.len, part->bytes.data);
        break;
    case WS_FOUND_BAD:
        forget_unsure(story);
        note(story, "!%d %s", part->code, part->why);
        break;
    }
    if (found != WS_FOUND_DATA || part->is_last)
        story->sure = story->len;
}

static void read_in_steps(struct story *story, const unsigned char *bytes, size_t len, size_t step)
{
    struct ws_frames frames;
    *story = (struct story){0};
    ws_frames_init(&frames, true);
    for (size_t at = 0; at < len; at += step) {
        unsigned char data[4096];
        size_t left = len - at < step ? len - at : step, done = 0, used;
        enum ws_found found;
        memcpy(data, bytes + at, left);
        do {
            struct ws_part part = {0};
            found = ws_frames_take(&frames, data + done, left - done, &used, &part);
            done += used;
            tell(story, found, &part);
        } while (found != WS_FOUND_NOTHING);
        assert_int_equal(done, left);
    }
}

struct row {
    const char *name;
    const char *bytes;
    size_t len;
    const char *expected;
};

#define ROW(name, bytes, expected)                                                                 \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, expected                                                   \
    }
#define M "\0\0\0\0" /* a mask that changes nothing */

static const struct row rows[] = {
    ROW("text", "\x81\x85" M "hello", "[hello]"),
    ROW("masked text", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "[Hello]"),
    ROW("empty", "\x81\x80" M, "[]"),
    ROW("binary", "\x82\x82" M "ab", "{ab]"),
    ROW("fragments", "\x01\x82" M "he\x00\x81" M "l\x80\x82" M "lo", "[hello]"),
    ROW("empty fragments", "\x01\x80" M "\x00\x80" M "\x80\x80" M, "[]"),
    ROW("control between fragments", "\x01\x81" M "a\x89\x81" M "p\x8a\x80" M "\x80\x81" M "b",
        "[aP(p)Q()b]"),
    ROW("character over fragments", "\x01\x81" M "\xc3\x80\x81" M "\xb6", "[ö]"),
    ROW("cut character", "\x81\x81" M "\xc3", "!1007 invalid UTF-8"),
    ROW("surrogate", "\x81\x83" M "\xed\xa0\x80", "!1007 invalid UTF-8"),
    ROW("bad byte in a binary", "\x82\x81" M "\xff", "{\xff]"),
    ROW("close", "\x88\x80" M, "C0()"),
    ROW("close with a code", "\x88\x82" M "\x03\xe8", "C1000()"),
    ROW("close with a reason",
        "\x88\x85" M "\x0f\xa0"
        "bye",
        "C4000(bye)"),
    ROW("nothing after close", "\x88\x80" M "\x81\x81" M "a", "C0()"),
    ROW("half a code", "\x88\x81" M "\x03", "!1002 half a close code"),
    ROW("code 1005", "\x88\x82" M "\x03\xed", "!1002 invalid close code"),
    ROW("code 999", "\x88\x82" M "\x03\xe7", "!1002 invalid close code"),
    ROW("code 2999", "\x88\x82" M "\x0b\xb7", "!1002 invalid close code"),
    ROW("code 5000", "\x88\x82" M "\x13\x88", "!1002 invalid close code"),
    ROW("bad reason", "\x88\x83" M "\x03\xe8\xff", "!1007 invalid UTF-8"),
    ROW("unmasked",
        "\x81\x01"
        "a",
        "!1002 unmasked frame"),
    ROW("rsv1", "\xc1\x80" M, "!1002 reserved bit"),
    ROW("rsv2", "\xa1\x80" M, "!1002 reserved bit"),
    ROW("rsv3", "\x91\x80" M, "!1002 reserved bit"),
    ROW("opcode 3", "\x83\x80" M, "!1002 reserved opcode"),
    ROW("opcode 11", "\x8b\x80" M, "!1002 reserved opcode"),
    ROW("fragmented ping", "\x09\x80" M, "!1002 fragmented control frame"),
    ROW("ping of 126", "\x89\xfe\x00\x7e" M, "!1002 control frame too large"),
    ROW("continuation of nothing", "\x80\x80" M, "!1002 continuation of nothing"),
    ROW("continuation of an ended one", "\x81\x80" M "\x80\x80" M,
        "[]!1002 continuation of nothing"),
    ROW("message in a message", "\x01\x80" M "\x81\x80" M, "!1002 new message inside another"),
    ROW("16 bits for 125", "\x81\xfe\x00\x7d" M, "!1002 length not minimal"),
    ROW("64 bits for 65535", "\x81\xff\0\0\0\0\0\0\xff\xff" M, "!1002 length not minimal"),
    ROW("63 bits are not enough", "\x81\xff\x80\0\0\0\0\0\0\0" M, "!1002 impossible length"),
};

static void however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step <= rows[i].len; step++) {
            struct story story;
            read_in_steps(&story, (const unsigned char *)rows[i].bytes, rows[i].len, step);
            if (strcmp(story.text, rows[i].expected))
                fail_msg("%s in steps of %zu: %s, not %s", rows[i].name, step, story.text,
                    rows[i].expected);
        }
    }
}

static void heads_are_minimal(void **state)
{
    (void)state;
    static const struct {
        uint64_t len;
        const char *head;
        size_t head_len;
    } heads[] = {
        {0, "\x81\x00", 2},
        {125, "\x81\x7d", 2},
        {126, "\x81\x7e\x00\x7e", 4},
        {65535, "\x81\x7e\xff\xff", 4},
        {65536, "\x81\x7f\0\0\0\0\0\1\0\0", 10},
    };
    unsigned char out[WS_HEAD_MAX_BYTES];
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        assert_int_equal(ws_frame_head(out, WS_TEXT, heads[i].len, NULL), heads[i].head_len);
        assert_memory_equal(out, heads[i].head, heads[i].head_len);
    }
    assert_int_equal(ws_frame_head(out, WS_PING, 3, (const unsigned char *)"abcd"), 6);
    assert_memory_equal(out,
        "\x89\x83"
        "abcd",
        6);
}

static void masking_does_not_care_where_it_begins(void **state)
{
    (void)state;
    static const unsigned char mask[4] = {1, 2, 3, 4};
    unsigned char whole[61], cut[61];
    for (size_t i = 0; i < sizeof whole; i++)
        whole[i] = cut[i] = (unsigned char)(i * 7);
    ws_frame_mask(whole, sizeof whole, mask, 0);
    for (size_t i = 0; i < sizeof whole; i++)
        assert_int_equal(whole[i], (unsigned char)(i * 7) ^ mask[i & 3]);
    for (size_t at = 0, step = 1; at < sizeof cut; at += step++)
        ws_frame_mask(cut + at, step < sizeof cut - at ? step : sizeof cut - at, mask, at);
    assert_memory_equal(whole, cut, sizeof whole);
}

static void servers_frames_are_not_masked(void **state)
{
    (void)state;
    struct ws_frames frames;
    struct ws_part part;
    unsigned char masked[] = "\x81\x81" M "a", plain[] = "\x81\x01"
                                                         "a";
    size_t used;
    ws_frames_init(&frames, false);
    assert_int_equal(ws_frames_take(&frames, plain, 3, &used, &part), WS_FOUND_FRAME);
    assert_int_equal(ws_frames_take(&frames, plain + 2, 1, &used, &part), WS_FOUND_DATA);
    assert_true(part.is_first && part.is_last && slice_is(part.bytes, "a"));
    assert_int_equal(ws_frames_take(&frames, masked, 7, &used, &part), WS_FOUND_BAD);
    assert_int_equal(part.code, WS_CLOSE_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_it_is_cut),
        cmocka_unit_test(heads_are_minimal),
        cmocka_unit_test(masking_does_not_care_where_it_begins),
        cmocka_unit_test(servers_frames_are_not_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
