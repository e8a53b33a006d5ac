#include "cmocka_head.h"
#include "providers/openai_realtime_lease.h"

#define WALL_S 1790000000ull
#define NOW_MS 5000

static void the_next_session_is_there_before_the_end(void **state)
{
    static const struct {
        uint64_t life_s;
        uint64_t renew_ms; /* after now; 0: never */
        uint64_t leave_by_ms;
    } rows[] = {
        {3600, 3540000, 3585000},
        {600, 540000, 585000},
        {599, 539100, 584025},
        {60, 54000, 58500},
        {4, 3600, 3900},
        {2, 1800, 1950},
        {1, 900, 975},
        {0, 0, 0},
        {24 * 3600, 86340000, 86385000},
        {24 * 3600 + 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct realtime_lease lease =
            realtime_lease(WALL_S + rows[i].life_s, WALL_S * 1000, NOW_MS);
        assert_int_equal(lease.renew_ms, rows[i].renew_ms ? NOW_MS + rows[i].renew_ms : 0);
        assert_int_equal(lease.leave_by_ms, rows[i].renew_ms ? NOW_MS + rows[i].leave_by_ms : 0);
    }
}

static void clocks_that_disagree_are_not_believed(void **state)
{
    static const uint64_t ends[] = {0, 1, WALL_S - 1, WALL_S + 1000000, UINT64_MAX};
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        assert_int_equal(realtime_lease(ends[i], WALL_S * 1000, NOW_MS).renew_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_session_is_there_before_the_end),
        cmocka_unit_test(clocks_that_disagree_are_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
