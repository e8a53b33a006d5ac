#include "unit/providers/cmocka_head.h"

#include "routing/speed.h"

static void add(struct speed *speed, unsigned ms, unsigned times)
{
    while (times--)
        speed_add(speed, ms);
}

static void nothing_is_known_at_first(void **state)
{
    struct speed speed = {0};
    assert_int_equal(speed_at(&speed, 950), 0);
}

static void shares_of_what_was_seen(void **state)
{
    struct speed speed = {0};
    add(&speed, 300, 95);
    add(&speed, 1500, 5);
    assert_int_equal(speed_at(&speed, 500), 364);
    assert_int_equal(speed_at(&speed, 950), 364);
    assert_int_equal(speed_at(&speed, 960), 1735);
    assert_int_equal(speed_at(&speed, 1000), 1735);
}

static void steps_are_upper_bounds(void **state)
{
    static const struct {
        unsigned ms, shown_ms;
    } rows[] = {{0, 20}, {1, 20}, {20, 20}, {21, 25}, {364, 364}, {365, 455}, {20195, 20195},
        {900000, 20195}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct speed speed = {0};
        speed_add(&speed, rows[i].ms);
        assert_int_equal(speed_at(&speed, 950), rows[i].shown_ms);
    }
}

static void what_was_is_forgotten(void **state)
{
    struct speed speed = {0};
    add(&speed, 5000, SPEED_KEPT);
    add(&speed, 100, 20 * SPEED_KEPT);
    assert_int_equal(speed_at(&speed, 950), 119);
    assert_true(speed.count <= SPEED_KEPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(shares_of_what_was_seen),
        cmocka_unit_test(steps_are_upper_bounds),
        cmocka_unit_test(what_was_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
