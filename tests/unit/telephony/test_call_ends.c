#include "unit/telephony/cmocka_head.h"

#include <stdio.h>

#include "telephony/call_ends.h"

#define ENDS_MAX 16384

static void note_number(unsigned number)
{
    char sid[40];
    int len = snprintf(sid, sizeof sid, "CA%032u", number);
    call_ends_note((struct slice){sid, (size_t)len}, 0);
}

static void a_call_that_ended_is_known(void **state)
{
    assert_false(call_ends_has(SLICE("CA1"), 0));
    call_ends_note(SLICE("CA1"), 0);
    call_ends_note(SLICE("CA1"), 0);
    assert_true(call_ends_has(SLICE("CA1"), 0));
    assert_false(call_ends_has(SLICE("CA11"), 0));
    assert_false(call_ends_has(SLICE("CA"), 0));
}

static void who_came_back_from_a_transfer_is_not_at_the_end(void **state)
{
    call_ends_note(SLICE("CA2"), 1); /* transferred, after a break */
    assert_true(call_ends_has(SLICE("CA2"), 2));
    assert_false(call_ends_has(SLICE("CA2"), 11)); /* the stream after it broke */
    call_ends_note(SLICE("CA2"), 11);
    assert_true(call_ends_has(SLICE("CA2"), 12));
    assert_true(call_ends_has(SLICE("CA2"), 1));
    assert_false(call_ends_has(SLICE("CA2"), 21));
}

static void nobody_and_names_too_long_are_not_kept(void **state)
{
    static const char long_name[64] = "CA";
    call_ends_note(SLICE(""), 0);
    assert_false(call_ends_has(SLICE(""), 0));
    call_ends_note((struct slice){long_name, sizeof long_name}, 0);
    assert_false(call_ends_has((struct slice){long_name, sizeof long_name}, 0));
}

static void the_oldest_goes_when_it_is_full(void **state)
{
    call_ends_note(SLICE("CAold"), 0);
    for (unsigned i = 0; i < ENDS_MAX - 1; i++)
        note_number(i);
    assert_true(call_ends_has(SLICE("CAold"), 0));
    note_number(ENDS_MAX);
    assert_false(call_ends_has(SLICE("CAold"), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_ended_is_known),
        cmocka_unit_test(who_came_back_from_a_transfer_is_not_at_the_end),
        cmocka_unit_test(nobody_and_names_too_long_are_not_kept),
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
