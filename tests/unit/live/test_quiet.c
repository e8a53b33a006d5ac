#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live/quiet.h"

static void states_are_of_a_kind(void **state)
{
    const struct {
        struct turn turn;
        enum quiet_kind expected;
    } rows[] = {
        {{.state = TURN_LISTENING}, QUIET_HOLD}, /* nothing was said yet */
        {{.state = TURN_LISTENING, .listening_ms = 5}, QUIET_SILENCE},
        {{.state = TURN_LISTENING, .listening_ms = 5, .is_speech = true}, QUIET_NONE},
        {{.state = TURN_THINKING}, QUIET_HOLD},
        {{.state = TURN_THINKING, .is_filling = true}, QUIET_HOLD},
        {{.state = TURN_THINKING, .is_speech = true}, QUIET_NONE},
        {{.state = TURN_SPEAKING}, QUIET_NONE},
        {{.state = TURN_INTERRUPTED, .is_speech = true}, QUIET_NONE},
        {{.state = TURN_PAUSED, .is_speech = true}, QUIET_NONE},
        {{.state = TURN_PAUSED}, QUIET_SILENCE},
        {{.state = TURN_ENDING}, QUIET_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(quiet_kind_of(&rows[i].turn), rows[i].expected);
}

static void times_add_up(void **state)
{
    struct quiet quiet = {QUIET_NONE, 0, {0}};
    assert_int_equal(quiet_ms(&quiet, QUIET_NONE, 5000), 0); /* it has not begun */
    quiet_tell(&quiet, QUIET_HOLD, 1000);
    quiet_tell(&quiet, QUIET_HOLD, 1100);
    quiet_tell(&quiet, QUIET_NONE, 1300);
    quiet_tell(&quiet, QUIET_SILENCE, 2000);
    assert_int_equal(quiet_ms(&quiet, QUIET_SILENCE, 2500), 500);
    quiet_tell(&quiet, QUIET_HOLD, 3000);
    assert_int_equal(quiet_ms(&quiet, QUIET_HOLD, 3500), 800);
    assert_int_equal(quiet_ms(&quiet, QUIET_SILENCE, 3500), 1000);
    assert_int_equal(quiet_ms(&quiet, QUIET_NONE, 3500), 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_of_a_kind),
        cmocka_unit_test(times_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
