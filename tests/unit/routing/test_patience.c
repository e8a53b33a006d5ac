#include "unit/providers/cmocka_head.h"

#include "routing/patience.h"

static void one_has_a_share_while_others_are_left(void **state)
{
    assert_int_equal(patience_share_ms(2200, true), 1321);
    assert_int_equal(patience_share_ms(880, true), 529);
    assert_int_equal(patience_share_ms(749, true), 0);
    assert_int_equal(patience_share_ms(0, true), 0);
    assert_int_equal(patience_share_ms(2200, false), 0);
}

static void permits_are_waited_for_within_what_is_left(void **state)
{
    assert_int_equal(patience_permit_ms(2200, true), 150);
    assert_int_equal(patience_permit_ms(350, true), 50);
    assert_int_equal(patience_permit_ms(2200, false), 1900);
    assert_int_equal(patience_permit_ms(300, false), 0);
    assert_int_equal(patience_permit_ms(0, true), 0);
}

static void who_is_asked_once_more(void **state)
{
    static const struct {
        enum failure_kind kind;
        unsigned retry_after_ms, left_ms;
        bool has_others, is_again;
        unsigned pause_ms;
    } rows[] = {
        {FAILURE_NETWORK, 0, 2000, true, true, 0},
        {FAILURE_NETWORK, 0, 1000, true, true, 0},
        {FAILURE_NETWORK, 0, 999, true, false}, /* it took its time to fail */
        {FAILURE_NETWORK, 0, 300, false, true, 0},
        {FAILURE_NETWORK, 0, 299, false, false},
        {FAILURE_CUT, 0, 300, false, true, 0},
        {FAILURE_BUSY, 0, 2000, true, true, 200},
        {FAILURE_BUSY, 0, 499, false, false},
        {FAILURE_BUSY, 0, 500, false, true, 200},
        {FAILURE_BUSY, 50, 2000, true, true, 50},
        {FAILURE_BUSY, 1000, 2000, true, false},
        {FAILURE_BUSY, 1000, 2000, false, true, 1000},
        {FAILURE_BUSY, 1000, 1200, false, false},
        {FAILURE_BUSY, 4000000000u, 2000, false, false},
        {FAILURE_BROKEN, 0, 2000, true, true, 200},
        {FAILURE_BROKEN, 700, 2000, false, true, 700},
        {FAILURE_LATE, 0, 2000, false, false},
        {FAILURE_GARBLED, 0, 2000, false, false},
        {FAILURE_QUOTA, 10, 2000, false, false},
        {FAILURE_KEY, 0, 2000, false, false},
        {FAILURE_REQUEST, 0, 2000, false, false},
        {FAILURE_OURS, 0, 2000, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct failure failure = {.kind = rows[i].kind, .retry_after_ms = rows[i].retry_after_ms};
        unsigned pause_ms;
        bool is_again = patience_again(&failure, rows[i].left_ms, rows[i].has_others, &pause_ms);
        assert_int_equal(is_again, rows[i].is_again);
        if (is_again)
            assert_int_equal(pause_ms, rows[i].pause_ms);
    }
}

static void the_second_is_asked_when_the_first_is_unusually_late(void **state)
{
    assert_int_equal(patience_hedge_ms(0), 0);
    assert_int_equal(patience_hedge_ms(20), 250);
    assert_int_equal(patience_hedge_ms(568), 568);
    assert_int_equal(patience_hedge_ms(4235), 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_has_a_share_while_others_are_left),
        cmocka_unit_test(permits_are_waited_for_within_what_is_left),
        cmocka_unit_test(who_is_asked_once_more),
        cmocka_unit_test(the_second_is_asked_when_the_first_is_unusually_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
