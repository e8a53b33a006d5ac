/* What a media thread tells of its calls: only while somebody wants it, once a second, the newest only. */
#include "call_double.h"
#include "live/roster.h"
#include "live/worker.h"

static struct call *begin(const char *sid)
{
    struct call *call = make_call();
    strcpy(call->facts.call_sid, sid);
    strcpy(call->facts.tenant_id, "acme");
    strcpy(call->facts.caller, "+15550100001");
    strcpy(agent.version, "0123456789abcdef");
    call->is_started = true;
    call->started_ms = 1000;
    tally_begin(call);
    tally_state(call);
    assert_int_equal(worker_add(&worker, call), ERR_OK);
    return call;
}

static void end(struct call *call)
{
    HASH_DELETE(hh, worker.calls, call);
    tally_end(call, "answered");
    call->is_finished = true;
    tally_state(call);
    free_call(call);
}

static int forget(void **state)
{
    live.rosters_wanted_until_ms = 0;
    worker.roster_due_ms = 0;
    roster_drop_all(&live);
    return 0;
}

static void nothing_is_written_for_nobody(void **state)
{
    struct call *call = begin("CA1");
    roster_tell(&worker, 5000);
    assert_null(roster_take(&live, 0));
    roster_want(&live, 5000);
    roster_tell(&worker, 5020);
    struct roster *roster = roster_take(&live, 0);
    assert_non_null(roster);
    free(roster);
    roster_tell(&worker, 5000 + ROSTER_WANTED_MS);
    assert_null(roster_take(&live, 0));
    end(call);
}

static void one_a_second_and_the_newest_is_what_is_taken(void **state)
{
    struct call *call = begin("CA1");
    roster_want(&live, 5000);
    for (uint64_t now_ms = 5000; now_ms < 8500; now_ms += 20)
        roster_tell(&worker, now_ms);
    struct roster *roster = roster_take(&live, 0);
    assert_int_equal(roster->at_ms, 8000);
    assert_null(roster_take(&live, 0));
    free(roster);
    end(call);
}

static void a_call_is_told_as_it_stands(void **state)
{
    struct call *call = begin("CA1");
    tally_turn(call);
    call->reply.times.speech_ended = 4000;
    turn_parts_begin(&call->reply.parts, 4000);
    turn_parts_commit(&call->reply.parts, &(struct turn_wait){.silence_ms = 500}, 4500);
    turn_parts_wait_for(&call->reply.parts, TURN_PART_MODEL, 4500);
    call->turn.state = TURN_THINKING;
    tally_state(call);
    tally_late(call, 17, 5000);
    roster_want(&live, 5000);
    roster_tell(&worker, 5000);
    struct roster *roster = roster_take(&live, 0);
    assert_int_equal(roster->count, 1);
    const struct roster_call *told = &roster->calls[0];
    assert_string_equal(told->call_sid, "CA1");
    assert_string_equal(told->tenant_id, "acme");
    assert_string_equal(told->version, "0123456789abcdef");
    assert_string_equal(told->state, "thinking");
    assert_int_equal(told->age_ms, 4000);
    assert_int_equal(told->turns, 1);
    assert_int_equal(told->waiting_ms, 1000);
    assert_int_equal(told->response_ms, 0);
    assert_int_equal(told->late_ms, 17);
    free(roster);
    turn_parts_wait_for(&call->reply.parts, TURN_PART_SYNTHESIS, 5300);
    turn_parts_end(&call->reply.parts, 5400);
    tally_answered(call, 5400);
    call->turn.state = TURN_SPEAKING;
    tally_state(call);
    roster_tell(&worker, 6000);
    roster = roster_take(&live, 0);
    told = &roster->calls[0];
    assert_string_equal(told->state, "speaking");
    assert_int_equal(told->waiting_ms, 0);
    assert_int_equal(told->response_ms, 1400);
    assert_int_equal(told->mostly, TURN_PART_MODEL);
    assert_int_equal(told->mostly_ms, 800);
    free(roster);
    end(call);
}

static void calls_that_have_not_begun_or_are_over_are_none(void **state)
{
    struct call *early = begin("CA1"), *late = begin("CA2"), *call = begin("CA3");
    early->is_started = false;
    late->is_finished = true;
    roster_want(&live, 5000);
    roster_tell(&worker, 5000);
    struct roster *roster = roster_take(&live, 0);
    assert_int_equal(roster->count, 1);
    assert_string_equal(roster->calls[0].call_sid, "CA3");
    free(roster);
    end(early);
    end(late);
    end(call);
}

static void what_is_beyond_the_most_is_a_count(void **state)
{
    static struct call *calls[ROSTER_CALLS_MAX + 5];
    size_t count = sizeof calls / sizeof *calls;
    for (size_t i = 0; i < count; i++)
        calls[i] = begin("CA1");
    roster_want(&live, 5000);
    roster_tell(&worker, 5000);
    struct roster *roster = roster_take(&live, 0);
    assert_int_equal(roster->count, ROSTER_CALLS_MAX);
    assert_int_equal(roster->left_out, 5);
    free(roster);
    for (size_t i = 0; i < count; i++)
        end(calls[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_is_written_for_nobody, forget),
        cmocka_unit_test_teardown(one_a_second_and_the_newest_is_what_is_taken, forget),
        cmocka_unit_test_teardown(a_call_is_told_as_it_stands, forget),
        cmocka_unit_test_teardown(calls_that_have_not_begun_or_are_over_are_none, forget),
        cmocka_unit_test_teardown(what_is_beyond_the_most_is_a_count, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
