#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live/budgets.h"

#define USD 1000000u

static struct budget make(const char *tenant_id, enum budget_period period,
    uint64_t limit_micro_usd, uint64_t spent_micro_usd)
{
    struct budget budget = {
        .period = period, .limit.micro_usd = limit_micro_usd, .spent.micro_usd = spent_micro_usd};
    strcpy(budget.tenant_id, tenant_id);
    return budget;
}

static int clear(void **state)
{
    budgets_clear();
    return 0;
}

static void use(const char *tenant_id, uint64_t micro_usd)
{
    budgets_note(tenant_id, &(struct budget_sum){.micro_usd = micro_usd});
}

static void a_budget_has_its_states(void **state)
{
    const struct {
        uint64_t limit, spent;
        enum budget_state expected;
    } rows[] = {{100, 0, BUDGET_FINE}, {100, 79, BUDGET_FINE}, {100, 80, BUDGET_NEARLY},
        {100, 99, BUDGET_NEARLY}, {100, 100, BUDGET_SPENT}, {100, 109, BUDGET_SPENT},
        {100, 110, BUDGET_OVERDRAWN}, {100, 5000, BUDGET_OVERDRAWN}, {0, 5000, BUDGET_FINE},
        {1, 0, BUDGET_FINE}, {UINT64_MAX, UINT64_MAX, BUDGET_SPENT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct budget money = make("a", BUDGET_DAY, rows[i].limit, rows[i].spent);
        struct budget time = {
            .limit.seconds = rows[i].limit, .spent.seconds = rows[i].spent, .limit.micro_usd = 100};
        assert_int_equal(budget_state(&money), rows[i].expected);
        assert_int_equal(budget_state(&time), rows[i].expected);
    }
}

static void the_worst_of_a_tenants_budgets_counts(void **state)
{
    const struct budget budgets[] = {make("b", BUDGET_MONTH, 100 * USD, 85 * USD),
        make("b", BUDGET_DAY, 10 * USD, 1 * USD), make("a", BUDGET_DAY, USD, USD)};
    budgets_publish(budgets, 3);
    assert_int_equal(budgets_state_of("a"), BUDGET_SPENT);
    assert_int_equal(budgets_state_of("b"), BUDGET_NEARLY);
    assert_int_equal(budgets_state_of("c"), BUDGET_FINE);
    assert_int_equal(budgets_state_of(""), BUDGET_FINE);
    use("b", 9 * USD);
    assert_int_equal(budgets_state_of("b"), BUDGET_SPENT);
    assert_int_equal(budgets_count(BUDGET_SPENT), 2); /* both days; the month is nearly spent */
    assert_int_equal(budgets_count(BUDGET_NEARLY), 1);
}

static void use_since_the_question_is_carried_over(void **state)
{
    const struct budget before = make("a", BUDGET_DAY, 100, 0);
    const struct budget after = make("a", BUDGET_DAY, 100, 50);
    budgets_publish(&before, 1);
    use("a", 50); /* is in the answer */
    budgets_asked();
    use("a", 30); /* is not */
    budgets_publish(&after, 1);
    assert_int_equal(budgets_state_of("a"), BUDGET_NEARLY);
    use("a", 30);
    assert_int_equal(budgets_state_of("a"), BUDGET_OVERDRAWN);
    budgets_asked(); /* and no answer comes: what was known holds, and grows */
    use("a", 1);
    assert_int_equal(budgets_state_of("a"), BUDGET_OVERDRAWN);
}

static void a_new_period_or_a_higher_limit_opens_again(void **state)
{
    const struct budget spent = make("a", BUDGET_DAY, 100, 200);
    const struct budget next_day = make("a", BUDGET_DAY, 100, 0);
    const struct budget higher = make("a", BUDGET_DAY, 1000, 200);
    budgets_publish(&spent, 1);
    assert_int_equal(budgets_state_of("a"), BUDGET_OVERDRAWN);
    budgets_asked();
    budgets_publish(&next_day, 1);
    assert_int_equal(budgets_state_of("a"), BUDGET_FINE);
    budgets_publish(&higher, 1);
    assert_int_equal(budgets_state_of("a"), BUDGET_FINE);
    budgets_publish(NULL, 0);
    assert_int_equal(budgets_state_of("a"), BUDGET_FINE);
}

static void note_told(void *owner, const struct budget *budget, enum budget_state state)
{
    char *told = owner;
    strcat(told, budget->tenant_id);
    strcat(told, state == BUDGET_FINE ? "- " : state == BUDGET_NEARLY ? "~ " : "! ");
}

static void a_state_is_told_once(void **state)
{
    const struct budget budgets[] = {make("a", BUDGET_DAY, 100, 0), make("b", BUDGET_DAY, 100, 90)};
    char told[100] = "";
    budgets_publish(budgets, 2);
    budgets_tell(note_told, told);
    budgets_tell(note_told, told);
    assert_string_equal(told, "b~ ");
    use("a", 100);
    budgets_asked();
    budgets_publish(budgets, 2); /* own use is in there by now, says the database: not yet, here */
    budgets_tell(note_told, told);
    use("a", 100);
    budgets_tell(note_told, told);
    assert_string_equal(told, "b~ a! ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_budget_has_its_states, clear),
        cmocka_unit_test_teardown(the_worst_of_a_tenants_budgets_counts, clear),
        cmocka_unit_test_teardown(use_since_the_question_is_carried_over, clear),
        cmocka_unit_test_teardown(a_new_period_or_a_higher_limit_opens_again, clear),
        cmocka_unit_test_teardown(a_state_is_told_once, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
