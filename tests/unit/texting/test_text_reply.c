/* A model's answer as a text message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/segments.h"
#include "texting/text_reply.h"

static const struct {
    const char *written, *sent;
} PLAIN[] = {
    {"We open at nine.", "We open at nine."},
    {"  [long] We open at nine.\n", "We open at nine."},
    {"See https://x.example/a__b`c now", "See https://x.example/a__b`c now"},
    {"**Hours**: 9\u201317, `closed` on __Sundays__", "Hours: 9-17, closed on Sundays"},
    {"# Prices\n\n\n* cut \u2022 20 \u20ac\n* dye", "Prices\n\n- cut - 20 \u20ac\n- dye"},
    {"> It\u2019s \u201cfine\u201d\u2026", "It's \"fine\"..."},
    {"See [our page](https://example.com/a) or [https://b.example](https://b.example).",
        "See our page https://example.com/a or https://b.example."},
    {"Codes:\n```lua\nx\n```\nDone.", "Codes:\nx\nDone."},
    {"[1] is no link, nor is [this] (one)", "[1] is no link, nor is [this] (one)"},
    {"2 * 3 = 6, a_b", "2 * 3 = 6, a_b"},
    {"A\xff broken\xc3 byte", "A broken byte"},
    {"and in [a\xff link](https://\xb2"
     "b.example/a__b\xc3)",
        "and in a link https://b.example/a__b"},
    {"\n \n", ""},
    {"", ""},
};

static void what_is_written_goes_out_plain(void **state)
{
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        struct strbuf out;
        strbuf_init(&out, 4096);
        text_reply(&out, slice_from(PLAIN[i].written), 3);
        assert_string_equal(out.data ? out.data : "", PLAIN[i].sent);
        strbuf_free(&out);
    }
}

/* `unit` again and again, cut to so many segments. */
static void cut(const char *unit, unsigned times, unsigned segments, struct strbuf *out)
{
    struct strbuf written;
    strbuf_init(&written, 65536);
    for (unsigned i = 0; i < times; i++)
        strbuf_add_text(&written, unit);
    strbuf_init(out, 65536);
    text_reply(out, strbuf_slice(&written), segments);
    strbuf_free(&written);
    assert_in_range(text_segments(strbuf_slice(out)).count, 1, segments);
}

static void long_answers_end_with_a_sentence(void **state)
{
    struct strbuf out;
    cut("This sentence has forty letters, nearly. ", 40, 3, &out);
    assert_in_range(out.len, 400, 3 * 153);
    assert_int_equal(out.data[out.len - 1], '.');
    strbuf_free(&out);
    cut("words without an end ", 40, 1, &out);
    assert_in_range(out.len, 100, 160);
    assert_int_equal("words without an end "[out.len % 21], ' '); /* behind a word */
    strbuf_free(&out);
    cut("\u041f\u0440\u0438\u0432\u0435\u0442. ", 40, 2, &out); /* 67 letters a segment */
    assert_int_equal(out.data[out.len - 1], '.');
    strbuf_free(&out);
}

static void a_word_without_end_is_cut_at_a_letter(void **state)
{
    struct strbuf out;
    cut("x", 2000, 2, &out);
    assert_int_equal(out.len, 2 * 153);
    strbuf_free(&out);
    cut("\u041f", 2000, 1, &out);
    assert_int_equal(out.len, 2 * 70);
    strbuf_free(&out);
    cut("\U0001f600", 500, 1, &out); /* two units each */
    assert_int_equal(out.len, 4 * 35);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_goes_out_plain),
        cmocka_unit_test(long_answers_end_with_a_sentence),
        cmocka_unit_test(a_word_without_end_is_cut_at_a_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
