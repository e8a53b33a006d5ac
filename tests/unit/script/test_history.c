/* Both ends of call.history: lines that wait to be told, and the copy they are told to, through refused and repeated jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/history.h"

struct ends {
    struct history here;  /* the media thread's */
    struct history there; /* the script thread's */
};

/* A job that arrives; the sender may not come to know. */
static void tell(struct ends *ends, bool is_known)
{
    char *text = history_text(&ends->here);
    history_take(&ends->there, ends->here.first, text);
    free(text);
    if (is_known)
        history_told(&ends->here);
}

static void expect(const struct ends *ends, const char *texts)
{
    char joined[2000] = "";
    size_t i;
    json_t *line;
    json_array_foreach(ends->there.lines, i, line)
    {
        strcat(joined, json_string_value(json_object_get(line, "text")));
        strcat(joined, " ");
    }
    assert_string_equal(joined, texts);
}

static void close_ends(struct ends *ends)
{
    history_clear(&ends->here);
    history_clear(&ends->there);
}

static void lines_arrive_once(void **state)
{
    struct ends ends = {0};
    tell(&ends, true);
    history_add(&ends.here, "agent", SLICE("a"), 0);
    tell(&ends, false);
    history_add(&ends.here, "caller", SLICE("b"), 1);
    tell(&ends, true);
    tell(&ends, true);
    history_add(&ends.here, "agent", SLICE("c"), 1);
    history_add(&ends.here, "caller", SLICE("d"), 2); /* the job with these is refused */
    history_add(&ends.here, "tool", SLICE("e"), 2);
    tell(&ends, true);
    expect(&ends, "a b c d e ");
    close_ends(&ends);
}

static void a_turn_that_goes_on_takes_its_line_back(void **state)
{
    struct ends ends = {0};
    history_add(&ends.here, "agent", SLICE("a"), 0);
    history_drop_caller(&ends.here, 0); /* is the agent's */
    history_add(&ends.here, "caller", SLICE("b"), 1);
    history_drop_caller(&ends.here, 2); /* another turn was only drafted */
    history_drop_caller(&ends.here, 1);
    history_add(&ends.here, "caller", SLICE("bb"), 1);
    tell(&ends, true);
    expect(&ends, "a bb ");
    history_drop_caller(&ends.here, 1); /* it was told already */
    history_drop_caller(&ends.here, 1);
    tell(&ends, true);
    expect(&ends, "a ");
    history_add(&ends.here, "caller", SLICE("bbb"), 1);
    tell(&ends, true);
    expect(&ends, "a bbb ");
    close_ends(&ends);
}

static void the_newest_forty_are_kept(void **state)
{
    struct ends ends = {0};
    char text[16];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%u", i);
        history_add(&ends.here, "caller", slice_from(text), i + 1);
        if (i % 7 == 0 && i < 50)
            tell(&ends, i % 2);
    }
    tell(&ends, true);
    assert_int_equal(json_array_size(ends.there.lines), HISTORY_LINES_MAX);
    assert_int_equal(ends.there.first, 60);
    history_add(&ends.here, "agent", SLICE("end"), 100);
    tell(&ends, true);
    assert_int_equal(json_array_size(ends.there.lines), HISTORY_LINES_MAX);
    json_t *first = json_array_get(ends.there.lines, 0);
    assert_string_equal(json_string_value(json_object_get(first, "text")), "61");
    close_ends(&ends);
}

/* A call that is new to the script thread and has gone on for a while: what was told before is not made up. */
static void what_is_missing_is_missing(void **state)
{
    struct ends ends = {.here = {.first = 12}};
    history_add(&ends.here, "caller", SLICE("m"), 6);
    tell(&ends, true);
    expect(&ends, "m ");
    assert_int_equal(ends.there.first, 12);
    close_ends(&ends);
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct ends ends = {0};
    char text[3000];
    for (size_t i = 0; i + 1 < sizeof text; i += 3)
        memcpy(text + i, "€", 3);
    history_add(&ends.here, "tool", (struct slice){text, 2997}, 1);
    const char *kept =
        json_string_value(json_object_get(json_array_get(ends.here.lines, 0), "text"));
    assert_int_equal(strlen(kept), 1998 + 3);
    assert_string_equal(kept + 1995, "€…");
    close_ends(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_once),
        cmocka_unit_test(a_turn_that_goes_on_takes_its_line_back),
        cmocka_unit_test(the_newest_forty_are_kept),
        cmocka_unit_test(what_is_missing_is_missing),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
