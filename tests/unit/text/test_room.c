#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "text/room.h"

/* What is to be said of `text`, told `step` bytes at a time. */
static bool tell(const char *text, size_t step, struct strbuf *out)
{
    struct room room;
    room_init(&room);
    strbuf_init(out, 1000);
    for (size_t at = 0, len = strlen(text); at < len; at += step) {
        struct slice held, token = {text + at, len - at < step ? len - at : step};
        room_take(&room, &held, &token);
        strbuf_add_slice(out, held);
        strbuf_add_slice(out, token);
    }
    strbuf_add_slice(out, room_end(&room));
    strbuf_add_text(out, "");
    return room.is_asked;
}

static void test_the_mark_is_found_and_never_said(void **state)
{
    static const struct {
        const char *text;
        const char *said;
        bool is_asked;
    } rows[] = {
        {"[long] We have three services.", " We have three services.", true},
        {"[long]We have", "We have", true},
        {" \n[Long]\nWe have", "\nWe have", true},
        {"[long]", "", true},
        {"[long][long]", "[long]", true}, /* one is enough */
        {"We have three services.", "We have three services.", false},
        {"  We have", "We have", false},
        {"[lo", "[lo", false},
        {"[longer] We", "[longer] We", false},
        {"[ long]", "[ long]", false},
        {"We [long] have", "We [long] have", false},
        {"", "", false},
        {"   ", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
            struct strbuf said;
            bool is_asked = tell(rows[i].text, step, &said);
            assert_string_equal(said.data, rows[i].said);
            assert_int_equal(is_asked, rows[i].is_asked);
            strbuf_free(&said);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_mark_is_found_and_never_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
