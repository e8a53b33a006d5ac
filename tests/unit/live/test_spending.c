/* A call whose tenant has nothing left to spend: its last words, and what follows them. */
#include "call_double.h"

#include "base/clock.h"
#include "live/budgets.h"
#include "observe/metrics.h"

static struct net_loop *loop;

static void spend(uint64_t micro_usd)
{
    const struct budget budget = {
        .tenant_id = "acme", .limit.micro_usd = 100, .spent.micro_usd = micro_usd};
    budgets_publish(&budget, 1);
}

/* A reply was heard, and the caller is to speak. */
static struct call *make(enum agent_overflow_kind kind)
{
    agent = (struct agent){.budget_text = "I must go.",
        .overflow = {.kind = kind, .say = "Leave a message.", .forward = "+15550100099"}};
    struct call *call = make_call();
    strcpy(call->facts.tenant_id, "acme");
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    speech_open(call);
    call->started_ms = clock_ms();
    call->turn.state = TURN_LISTENING;
    call->turn.listening_ms = clock_ms();
    return call;
}

static void end(struct call *call)
{
    conversation_close(&call->conversation);
    asides_clear(&call->asides);
    free(call->voicemail);
    free_call(call);
}

static int setup(void **state)
{
    assert_int_equal(net_loop_create(&loop, "test", NULL), ERR_OK);
    assert_int_equal(
        records_open(&live.options.records, loop, "postgresql://127.0.0.1:1/none", 0), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    budgets_clear();
    live.options.settings.call_max_minutes = 0;
    records_close(live.options.records);
    net_loop_destroy(loop);
    return 0;
}

static void a_budget_that_is_just_spent_lets_calls_go_on(void **state)
{
    struct call *call = make(OVERFLOW_SAY);
    const uint64_t spent[] = {0, 80, 100, 109};
    for (size_t i = 0; i < sizeof spent / sizeof *spent; i++) {
        spend(spent[i]);
        spending_look(call, false);
        assert_int_equal(call->spending, SPENDING_ON);
    }
    assert_string_equal(voice.said.data ? voice.said.data : "", "");
    end(call);
}

static void words_come_before_the_end(void **state)
{
    struct call *call = make(OVERFLOW_SAY);
    spend(110);
    spending_look(call, false);
    assert_string_equal(voice.said.data, "I must go.|");
    assert_true(call->reply.has_protected); /* nobody talks over them */
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_false(call->turn.hangup_asked);
    spending_look(call, false);
    assert_true(call->turn.hangup_asked);
    assert_string_equal(call->end_reason, "budget");
    end(call);
}

static void a_caller_who_speaks_is_heard_out(void **state)
{
    struct call *call = make(OVERFLOW_SAY);
    spend(110);
    call->turn.has_speech = true;
    spending_look(call, false);
    assert_string_equal(voice.said.data ? voice.said.data : "", "");
    spending_look(call, false); /* another reply ended, and the words still wait */
    assert_int_equal(call->spending, SPENDING_TOLD);
    assert_null(call->end_reason);
    end(call);
}

static void who_interrupts_every_reply_is_told_too(void **state)
{
    struct call *call = make(OVERFLOW_SAY);
    spend(110);
    call->turn.has_speech = true;
    spending_look(call, true);
    assert_int_equal(call->spending, SPENDING_TOLD);
    call->turn.has_speech = false;
    hooks_pump(call); /* silence */
    assert_string_equal(voice.said.data, "I must go.|");
    spending_look(call, true); /* the caller goes on over something else */
    assert_false(call->turn.hangup_asked);
    spending_look(call, false);
    assert_true(call->turn.hangup_asked);
    end(call);
}

static void a_message_is_recorded_where_the_tenant_wants_one(void **state)
{
    struct call *call = make(OVERFLOW_VOICEMAIL);
    spend(110);
    spending_look(call, false);
    spending_look(call, false);
    assert_true(call->turn.hangup_asked);
    assert_string_equal(call->voicemail, "Leave a message.");
    assert_null(call->end_reason); /* voicemail, when it ends */
    end(call);
}

/* No carrier can be asked here: the call ends all the same. */
static void a_number_that_cannot_be_reached_is_an_end(void **state)
{
    struct call *call = make(OVERFLOW_FORWARD);
    spend(110);
    spending_look(call, false);
    spending_look(call, false);
    assert_true(call->turn.hangup_asked);
    assert_string_equal(call->end_reason, "budget");
    end(call);
}

static void a_call_without_end_has_one(void **state)
{
    struct call *call = make(OVERFLOW_SAY);
    live.options.settings.call_max_minutes = 2;
    spending_look(call, false);
    assert_int_equal(call->spending, SPENDING_ON);
    call->started_ms = clock_ms() - 2 * 60000;
    spending_look(call, false);
    spending_look(call, false);
    assert_string_equal(call->end_reason, "too_long");
    end(call);
}

static void what_is_used_goes_to_the_budget_once(void **state)
{
    struct call *call = make(OVERFLOW_SAY);
    struct usage_amount amount = {.characters = 10, .is_priced = true, .cost_pico_usd = 90000000};
    int64_t before = metric_get(METRIC_COST_SPEAK);
    spend(0);
    usage_add(&call->usage, SLOT_SPEAK, "mouth", "m", &amount);
    spending_put(call);
    assert_int_equal(budgets_state_of("acme"), BUDGET_NEARLY);
    spending_put(call);
    assert_int_equal(budgets_state_of("acme"), BUDGET_NEARLY);
    usage_add(&call->usage, SLOT_SPEAK, "mouth", "m", &amount);
    spending_put(call);
    assert_int_equal(budgets_state_of("acme"), BUDGET_OVERDRAWN);
    assert_int_equal(metric_get(METRIC_COST_SPEAK) - before, 180);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_budget_that_is_just_spent_lets_calls_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(words_come_before_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_caller_who_speaks_is_heard_out, setup, teardown),
        cmocka_unit_test_setup_teardown(who_interrupts_every_reply_is_told_too, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_message_is_recorded_where_the_tenant_wants_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_cannot_be_reached_is_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_without_end_has_one, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_used_goes_to_the_budget_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
