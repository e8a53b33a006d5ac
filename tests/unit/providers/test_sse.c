#include <string.h>

#include "cmocka_head.h"
#include "providers/sse.h"

/* Feeds `text` in portions of `step` bytes and writes what came out as "[kind|data]…". */
static void feed(struct slice text, size_t step, struct strbuf *out)
{
    struct sse sse;
    struct sse_event event;
    sse_init(&sse, 1000);
    for (size_t at = 0; at < text.len; at += step) {
        struct slice bytes = {text.data + at, text.len - at < step ? text.len - at : step};
        while (sse_next(&sse, &bytes, &event) == ERR_OK && event.is_whole)
            strbuf_printf(out, "[%.*s|%.*s]", (int)event.kind.len, event.kind.data,
                (int)event.data.len, event.data.data);
        assert_int_equal(bytes.len, 0);
    }
    assert_int_equal(sse_finish(&sse, &event), ERR_OK);
    if (event.is_whole)
        strbuf_printf(out, "(%.*s)", (int)event.data.len, event.data.data);
    sse_free(&sse);
}

static void events_come_whole_however_the_bytes_are_cut(void **state)
{
    static const struct {
        struct slice text;
        const char *events;
    } rows[] = {
        {SLICE("data: a\n\ndata: b\n\n"), "[|a][|b]"},
        {SLICE("data: a\r\n\r\ndata: b\r\n\r\n"), "[|a][|b]"},
        {SLICE("data: a\r\rdata: b\r\r"), "[|a][|b]"},
        {SLICE("data: a\r\n\ndata: b\n\r\n"), "[|a][|b]"},
        {SLICE("data:a\n\ndata:  b\n\n"), "[|a][| b]"},
        {SLICE("data: a\ndata: b\n\n"), "[|a\nb]"},
        {SLICE("data\ndata\n\n"), "[|\n]"},
        {SLICE("data:\n\n"), "[|]"},
        {SLICE(": keep-alive\n\n:\n\ndata: a\n\n"), "[|a]"},
        {SLICE("event: error\ndata: {}\n\ndata: b\n\n"), "[error|{}][|b]"},
        {SLICE("event: lost\n\ndata: b\n\n"), "[|b]"},
        {SLICE("id: 7\nretry: 10\nother: x\ndata: a\n\n"), "[|a]"},
        {SLICE("\xef\xbb\xbf"
               "data: a\n\n"),
            "[|a]"},
        {SLICE("data: \xc3\xa9\xe2\x82\xac\n\n"), "[|\xc3\xa9\xe2\x82\xac]"},
        {SLICE("data: a\n\ndata: b\n"), "[|a](b)"},
        {SLICE("data: a\n\ndata: b"), "[|a](b)"},
        {SLICE("data: a: b\n\n"), "[|a: b]"},
        {SLICE("\n\n\r\n\r"), ""},
        {SLICE(""), ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t step = 1; step <= rows[i].text.len + 1; step++) {
            struct strbuf out;
            strbuf_init(&out, 1000);
            strbuf_add_text(&out, "");
            feed(rows[i].text, step, &out);
            assert_string_equal(out.data, rows[i].events);
            strbuf_free(&out);
        }
    }
}

static void a_line_over_the_limit_ends_the_stream(void **state)
{
    struct sse sse;
    struct sse_event event;
    struct slice bytes = SLICE("data: 0123456789\n\n");
    sse_init(&sse, 10);
    assert_int_equal(sse_next(&sse, &bytes, &event), ERR_FULL);
    sse_free(&sse);
}

static void an_event_over_the_limit_ends_the_stream(void **state)
{
    struct sse sse;
    struct sse_event event;
    struct slice bytes = SLICE("data: 0123\ndata: 4567\ndata: 89\n\n");
    sse_init(&sse, 10);
    assert_int_equal(sse_next(&sse, &bytes, &event), ERR_FULL);
    sse_free(&sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_whole_however_the_bytes_are_cut),
        cmocka_unit_test(a_line_over_the_limit_ends_the_stream),
        cmocka_unit_test(an_event_over_the_limit_ends_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
