#include "unit/telephony/cmocka_head.h"

#include <stdio.h>

#include "telephony/call_ends.h"

#define ENDS_MAX 16384

static void note_number(unsigned number)
{
    char sid[40];
    int len = snprintf(sid, sizeof sid, "CA%032u", number);
    call_ends_note((struct slice){sid, (size_t)len});
}

static void a_call_that_ended_is_known(void **state)
{
    assert_false(call_ends_has(SLICE("CA1")));
    call_ends_note(SLICE("CA1"));
    call_ends_note(SLICE("CA1"));
    assert_true(call_ends_has(SLICE("CA1")));
    assert_false(call_ends_has(SLICE("CA11")));
    assert_false(call_ends_has(SLICE("CA")));
}

static void nobody_and_names_too_long_are_not_kept(void **state)
{
    static const char long_name[64] = "CA";
    call_ends_note(SLICE(""));
    assert_false(call_ends_has(SLICE("")));
    call_ends_note((struct slice){long_name, sizeof long_name});
    assert_false(call_ends_has((struct slice){long_name, sizeof long_name}));
}

static void the_oldest_goes_when_it_is_full(void **state)
{
    call_ends_note(SLICE("CAold"));
    for (unsigned i = 0; i < ENDS_MAX - 1; i++)
        note_number(i);
    assert_true(call_ends_has(SLICE("CAold")));
    note_number(ENDS_MAX);
    assert_false(call_ends_has(SLICE("CAold")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_ended_is_known),
        cmocka_unit_test(nobody_and_names_too_long_are_not_kept),
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
