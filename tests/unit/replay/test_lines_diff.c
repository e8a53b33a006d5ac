#include "replay/lines_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *was, *now, *expected;
} rows[] = {
    {"", "", ""},
    {"a", "a", ""},
    {"a\nb\nc", "a\nc", "- b\n"},
    {"a\nc", "a\nb\nc", "+ b\n"},
    {"a\nb\nc", "a\nx\nc", "- b\n+ x\n"},
    {"a\nb\nc\nd", "b\nx\nd\ne", "- a\n- c\n+ x\n+ e\n"},
    {"a", "", "- a\n"},
    {"", "a\n", "+ a\n"},
    {"a\n\nb", "a\nb", "- \n"},
};

static void lines_that_went_and_came(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf out;
        strbuf_init(&out, 4096);
        lines_diff(&out, "", rows[i].was, rows[i].now);
        assert_string_equal(out.data ? out.data : "", rows[i].expected);
        strbuf_free(&out);
    }
}

static void what_is_too_long_is_one_block(void **state)
{
    struct strbuf was, now, out;
    strbuf_init(&was, 1 << 20);
    strbuf_init(&now, 1 << 20);
    strbuf_init(&out, 1 << 20);
    for (int i = 0; i < LINES_DIFF_MAX + 10; i++) {
        strbuf_printf(&was, "%d\n", i);
        strbuf_printf(&now, "%d\n", i * 2 + 1);
    }
    lines_diff(&out, "  ", was.data, now.data);
    assert_memory_equal(out.data, "  - 0\n  - 1\n", 12);
    strbuf_free(&was);
    strbuf_free(&now);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_went_and_came),
        cmocka_unit_test(what_is_too_long_is_one_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
