/* What is counted of a call: one gauge has it at a time, an interruption comes to one thing, and the parts of an answer are
   the answer. */
#include "call_double.h"

static struct call *begin(void)
{
    struct call *call = make_call();
    tally_init(&call->tally);
    strcpy(call->facts.tenant_id, "acme");
    tally_begin(call);
    return call;
}

static int64_t calls_in_states(void)
{
    int64_t sum = 0;
    for (int i = METRIC_CALLS_OPENING; i <= METRIC_CALLS_ENDING; i++)
        sum += metric_get((enum metric)i);
    return sum;
}

static void stand_at(struct call *call, enum turn_state state)
{
    call->turn.state = state;
    tally_state(call);
}

static void one_gauge_has_a_call(void **state)
{
    struct call *call = begin();
    call->opening_by_ms = 1;
    tally_state(call);
    assert_int_equal(metric_get(METRIC_CALLS_OPENING), 1);
    call->opening_by_ms = 0;
    static const enum metric gauges[] = {METRIC_CALLS_LISTENING, METRIC_CALLS_THINKING,
        METRIC_CALLS_SPEAKING, METRIC_CALLS_INTERRUPTED, METRIC_CALLS_PAUSED, METRIC_CALLS_ENDING};
    for (int turn = TURN_LISTENING; turn <= TURN_ENDING; turn++) {
        stand_at(call, (enum turn_state)turn);
        stand_at(call, (enum turn_state)turn);
        assert_int_equal(metric_get(gauges[turn]), 1);
        assert_int_equal(calls_in_states(), metric_get(METRIC_CALLS_ACTIVE));
    }
    call->is_finished = true;
    int64_t answered = metric_get(METRIC_CALLS_ENDED_ANSWERED);
    tally_end(call, "answered");
    tally_state(call);
    assert_int_equal(calls_in_states(), 0);
    assert_int_equal(metric_get(METRIC_CALLS_ACTIVE), 0);
    assert_int_equal(metric_get(METRIC_CALLS_ENDED_ANSWERED), answered + 1);
    free_call(call);
}

static void every_outcome_has_a_row(void **state)
{
    static const char *const outcomes[] = {"booked", "rescheduled", "cancelled", "message_taken",
        "transferred", "lead", "voicemail", "answered", "abandoned", "failed"};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        assert_non_null(outcome_find(slice_from(outcomes[i])));
        struct call *call = begin();
        enum metric row = METRIC_CALLS_ENDED_BOOKED + (enum metric)i;
        int64_t before = metric_get(row);
        tally_end(call, outcomes[i]);
        assert_int_equal(metric_get(row), before + 1);
        free_call(call);
    }
}

static void expect_interruptions(int64_t cut, int64_t resumed, int64_t ended)
{
    assert_int_equal(metric_get(METRIC_INTERRUPTIONS_CUT), cut);
    assert_int_equal(metric_get(METRIC_INTERRUPTIONS_RESUMED), resumed);
    assert_int_equal(metric_get(METRIC_INTERRUPTIONS_ENDED), ended);
}

static void an_interruption_comes_to_one_thing(void **state)
{
    struct call *call = begin();
    stand_at(call, TURN_SPEAKING);
    tally_lowered(call, 0);
    stand_at(call, TURN_INTERRUPTED);
    stand_at(call, TURN_PAUSED);
    expect_interruptions(0, 0, 0);
    tally_resumed(call);
    stand_at(call, TURN_SPEAKING);
    expect_interruptions(0, 1, 0);
    tally_lowered(call, 0);
    stand_at(call, TURN_INTERRUPTED);
    tally_cut(call);
    stand_at(call, TURN_LISTENING);
    expect_interruptions(1, 1, 0);
    tally_lowered(call, 0);
    stand_at(call, TURN_INTERRUPTED);
    stand_at(call, TURN_LISTENING); /* the reply was heard to its end */
    expect_interruptions(1, 1, 1);
    tally_lowered(call, 0);
    stand_at(call, TURN_INTERRUPTED);
    call->is_finished = true;
    tally_state(call);
    expect_interruptions(1, 1, 2);
    tally_end(call, "answered");
    free_call(call);
}

static void only_a_voice_that_begins_over_a_reply_is_timed(void **state)
{
    struct call *call = begin();
    uint64_t before = metric_histogram_count(HISTOGRAM_BARGE_IN);
    call->hearing.speech_started = 1000;
    call->cause = TURN_EVENT_AUDIO;
    tally_lowered(call, 1900);
    assert_int_equal(metric_histogram_count(HISTOGRAM_BARGE_IN), before);
    call->cause = TURN_EVENT_SPEECH_STARTED;
    tally_lowered(call, 1095);
    assert_int_equal(metric_histogram_count(HISTOGRAM_BARGE_IN), before + 1);
    assert_int_equal(metric_histogram_sum(HISTOGRAM_BARGE_IN), 95);
    tally_end(call, "answered");
    free_call(call);
}

static void the_parts_of_an_answer_are_the_answer(void **state)
{
    struct call *call = begin();
    unsigned seed = 7;
    double sum = 0, whole = metric_histogram_sum(HISTOGRAM_TURN_RESPONSE);
    for (int i = 0; i < 500; i++) {
        struct reply *reply = &call->reply;
        uint64_t at_ms = reply->times.speech_ended = 10000;
        turn_parts_begin(&reply->parts, at_ms);
        at_ms += 200 + (uint64_t)rand_r(&seed) % 900;
        turn_parts_commit(&reply->parts, &(struct turn_wait){.silence_ms = 500}, at_ms);
        for (int k = 0; k < 6; k++) {
            turn_parts_wait_for(
                &reply->parts, (enum turn_part)(rand_r(&seed) % TURN_PART_COUNT), at_ms);
            at_ms += (uint64_t)rand_r(&seed) % 300;
        }
        turn_parts_end(&reply->parts, at_ms);
        tally_answered(call, at_ms);
    }
    for (int part = HISTOGRAM_PART_SILENCE_WAIT; part <= HISTOGRAM_PART_OWN; part++) {
        assert_int_equal(metric_histogram_count((enum histogram)part),
            metric_histogram_count(HISTOGRAM_TURN_RESPONSE));
        sum += metric_histogram_sum((enum histogram)part);
    }
    assert_true(sum > 100000);
    assert_int_equal(sum, metric_histogram_sum(HISTOGRAM_TURN_RESPONSE) - whole);
    tally_end(call, "answered");
    free_call(call);
}

static void tools_are_counted_once_and_by_what_the_model_was_told(void **state)
{
    static const struct {
        struct script_result result;
        enum metric row;
    } rows[] = {{{.ending = SCRIPT_DONE}, METRIC_TOOL_RESULTS_OK},
        {{.ending = SCRIPT_DONE, .why = "bad arguments"}, METRIC_TOOL_RESULTS_REFUSED},
        {{.ending = SCRIPT_TIMEOUT}, METRIC_TOOL_RESULTS_LATE},
        {{.ending = SCRIPT_ERROR}, METRIC_TOOL_RESULTS_FAILED},
        {{.ending = SCRIPT_OUT_OF_TIME}, METRIC_TOOL_RESULTS_FAILED},
        {{.ending = SCRIPT_OUT_OF_MEMORY}, METRIC_TOOL_RESULTS_FAILED},
        {{.ending = SCRIPT_DONE, .is_late = true}, METRIC_COUNT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t before[4];
        for (int k = 0; k < 4; k++)
            before[k] = metric_get(METRIC_TOOL_RESULTS_OK + (enum metric)k);
        tally_tool_result(&rows[i].result);
        for (int k = 0; k < 4; k++) {
            enum metric row = METRIC_TOOL_RESULTS_OK + (enum metric)k;
            assert_int_equal(metric_get(row) - before[k], row == rows[i].row);
        }
    }
}

static uint32_t lead_missing(void)
{
    return worst_now(&worker.worsts.lead_missing, 1000000);
}

/* The lead is what was sent and is not played; before a reply, behind it and while it stands still there is none to have. */
static void lead_is_measured_while_a_reply_plays(void **state)
{
    static const uint8_t frame[FRAME_BYTES];
    struct call *call = begin();
    uint8_t out[FRAME_BYTES];
    uint64_t late_ms, now_ms = 1000000;
    tally_lead(call, now_ms);
    for (int i = 0; i < 20; i++)
        assert_int_equal(pacer_put(&call->pacer, frame, now_ms), ERR_OK);
    tally_lead(call, now_ms);
    assert_int_equal(lead_missing(), 0);
    while (pacer_take(&call->pacer, out, now_ms, &late_ms))
        ;
    tally_lead(call, now_ms);
    assert_int_equal(lead_missing(), 0);
    tally_lead(call, now_ms + 50); /* we were away */
    assert_int_equal(lead_missing(), 50);
    tally_lead(call, now_ms + 900); /* and the caller heard nothing */
    assert_int_equal(lead_missing(), CALL_LEAD_MS);
    tally_end(call, "answered");
    free_call(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_gauge_has_a_call),
        cmocka_unit_test(every_outcome_has_a_row),
        cmocka_unit_test(an_interruption_comes_to_one_thing),
        cmocka_unit_test(only_a_voice_that_begins_over_a_reply_is_timed),
        cmocka_unit_test(the_parts_of_an_answer_are_the_answer),
        cmocka_unit_test(tools_are_counted_once_and_by_what_the_model_was_told),
        cmocka_unit_test(lead_is_measured_while_a_reply_plays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
