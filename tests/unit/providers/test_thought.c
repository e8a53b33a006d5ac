#include <string.h>

#include "cmocka_head.h"
#include "providers/thought.h"

static void feed(const char *text, size_t step, struct strbuf *out)
{
    struct thought thought = {0};
    size_t len = strlen(text);
    for (size_t at = 0; at < len; at += step)
        thought_filter(&thought, (struct slice){text + at, len - at < step ? len - at : step}, out);
    thought_finish(&thought, out);
}

static void thoughts_are_not_spoken(void **state)
{
    static const struct {
        const char *text;
        const char *spoken;
    } rows[] = {
        {"Sure.", "Sure."},
        {"<think>hm, Tuesday?</think>\n\nSure.", "Sure."},
        {"\n<think>\nhm</think>Sure.", "Sure."},
        {"<think></think>Sure.", "Sure."},
        {"<think>a < b, <</think>Sure.", "Sure."},
        {"<think>a </thin </think> Sure.", "Sure."},
        {"<think>it never ends", ""},
        {"<thin", "<thin"},
        {"<b>Sure</b>", "<b>Sure</b>"},
        {"Sure. <think>aloud</think>", "Sure. <think>aloud</think>"},
        {" Sure.", " Sure."},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t step = 1; step < 40; step++) {
            struct strbuf out;
            strbuf_init(&out, 1000);
            strbuf_add_text(&out, "");
            feed(rows[i].text, step, &out);
            assert_string_equal(out.data, rows[i].spoken);
            strbuf_free(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(thoughts_are_not_spoken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
