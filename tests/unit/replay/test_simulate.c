/* Calls with nothing changed come out as they were recorded; with other settings, as they would have been. */
#include "replay/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/seen_turns.h"
#include "unit/replay/booking.h"

#define NEAR_MS 5

struct run {
    struct call_steps recorded, simulated;
    struct seen_turns was, is;
};

static void run_free(struct run *run)
{
    call_steps_free(&run->recorded);
    call_steps_free(&run->simulated);
    seen_turns_free(&run->was);
    seen_turns_free(&run->is);
}

/* `name` NULL: nothing is changed. */
static void run_with(struct run *run, const struct recording_row *rows, size_t count,
    const char *name, uint32_t value)
{
    struct simulation_plan plan;
    struct simulation_change change = {.count = name != NULL, .list = {{name, value}}};
    record(&run->recorded, &turn_defaults, rows, count);
    assert_int_equal(simulation_plan_init(&plan, &run->recorded), ERR_OK);
    assert_int_equal(simulate(&run->simulated, &plan, &change), ERR_OK);
    assert_int_equal(seen_turns_of(&run->was, &run->recorded), ERR_OK);
    assert_int_equal(seen_turns_of(&run->is, &run->simulated), ERR_OK);
    simulation_plan_free(&plan);
}
#define RUN_WITH(run, rows, name, value)                                                           \
    run_with((run), (rows), sizeof(rows) / sizeof *(rows), (name), (value))

/* Actions in order, and the time of each. */
static void expect_same_decisions(const struct run *run)
{
    size_t n = 0;
    unsigned k = 0;
    for (size_t i = 0; i < run->recorded.count; i++) {
        const struct call_step *was = &run->recorded.list[i];
        for (unsigned j = 0; j < was->step.actions.count; j++) {
            while (n < run->simulated.count && k == run->simulated.list[n].step.actions.count) {
                n++;
                k = 0;
            }
            assert_true(n < run->simulated.count);
            const struct call_step *is = &run->simulated.list[n];
            enum turn_action_kind kind = was->step.actions.list[j].kind;
            if (kind != is->step.actions.list[k].kind)
                fail_msg("at %llu ms %s, simulated at %llu ms %s", (unsigned long long)was->at_ms,
                    turn_action_name(kind), (unsigned long long)is->at_ms,
                    turn_action_name(is->step.actions.list[k].kind));
            assert_in_range(is->at_ms + NEAR_MS, was->at_ms, was->at_ms + 2 * NEAR_MS);
            k++;
        }
    }
}

static void nothing_changed_is_as_it_was(void **state)
{
    struct run run;
    RUN_WITH(&run, booking, NULL, 0);
    expect_same_decisions(&run);
    assert_int_equal(run.was.count, 3);
    assert_int_equal(run.is.count, 3);
    assert_true(run.was.list[0].is_cut_off && run.is.list[0].is_cut_off);
    assert_true(run.was.list[0].is_interrupted && run.is.list[0].is_interrupted);
    assert_int_equal(run.was.list[0].wait_ms, 750);
    assert_int_equal(run.was.list[1].wait_ms, 760);
    assert_in_range(run.is.list[1].wait_ms, 755, 765);
    run_free(&run);
}

static void longer_silence_joins_what_was_cut(void **state)
{
    struct run run;
    RUN_WITH(&run, booking, "silence_ms", 1200);
    assert_int_equal(run.is.count, 2);
    assert_false(run.is.list[0].is_cut_off);
    assert_int_equal(run.is.list[0].words, 8);
    assert_int_equal(run.is.list[0].silence_ms, 1200);
    assert_int_equal(run.is.list[0].wait_ms,
        1200 + 160); /* the model was ready, the voice takes as long as it took */
    assert_int_equal(run.is.list[1].words, 1);
    run_free(&run);
}

static void shorter_silence_answers_sooner(void **state)
{
    struct run run;
    struct seen_sums sums;
    RUN_WITH(&run, booking, "silence_ms", 300);
    assert_int_equal(seen_turns_sum(&sums, &run.is), ERR_OK);
    assert_int_equal(sums.turns, 3);
    assert_int_equal(sums.cut_offs, 1);
    assert_int_equal(run.is.list[2].silence_ms, 300);
    assert_true(sums.wait_p50_ms <= 760);
    run_free(&run);
}

static void a_change_that_needs_no_draft(void **state)
{
    struct run run;
    RUN_WITH(&run, booking, "early_ms", 0);
    assert_int_equal(run.is.count, 3);
    assert_true(
        run.is.list[1].wait_ms >= 500 + 5 + 315 + 160); /* nothing began before the commit */
    run_free(&run);
}

static void without_barge_in_the_caller_is_talked_over(void **state)
{
    struct run run;
    RUN_WITH(&run, booking, "barge_in", 0);
    assert_false(run.is.list[0].is_interrupted);
    run_free(&run);
}

/* A commit that the caller took back before anything was heard of the answer. */
static const struct recording_row taken_back[] = {
    {100, HEARD(LISTEN)},
    {1080, HEARD(SPEECH_STARTED, .lag_ms = 80)},
    {1900, HEARD(SPEECH_ENDED, .lag_ms = 200)},
    {1900, HEARD(COMMITTED, .item = 1)},
    {1980, HEARD(FINAL, .item = 1, SAID(3))},
    {1985, HEARD(PROMPT_READY, .epoch = 1)},
    {2480, HEARD(SPEECH_STARTED, .lag_ms = 80)},
    {2800, HEARD(PARTIAL, .item = 2, SAID(1))},
    {3600, HEARD(SPEECH_ENDED, .lag_ms = 200)},
    {3600, HEARD(COMMITTED, .item = 2)},
    {3680, HEARD(FINAL, .item = 2, SAID(2))},
    {3685, HEARD(PROMPT_READY, .epoch = 2)},
    {4100, HEARD(PIECE, .epoch = 2, .sentences = 1)},
    {4200, HEARD(MODEL_DONE, .epoch = 2)},
    {4250, HEARD(AUDIO, .epoch = 2)},
    {6000, HEARD(PLAYED, .epoch = 2, .flag = true)},
    {7000, HEARD(STREAM_ENDED)},
};

static void a_turn_taken_back_is_one_that_need_not_have_been(void **state)
{
    struct run run;
    RUN_WITH(&run, taken_back, NULL, 0);
    expect_same_decisions(&run);
    assert_int_equal(run.was.count, 2);
    assert_true(run.was.list[0].is_taken_back && run.is.list[0].is_taken_back);
    assert_true(run.was.list[0].is_cut_off);
    run_free(&run);
    RUN_WITH(&run, taken_back, "silence_ms", 800);
    assert_int_equal(run.is.count, 1);
    assert_int_equal(run.is.list[0].words, 5);
    run_free(&run);
}

/* Ten seconds of talk: at 4 s a part of it is committed by force. */
static const struct recording_row talkative[] = {
    {100, HEARD(LISTEN)},
    {1080, HEARD(SPEECH_STARTED, .lag_ms = 80)},
    {2000, HEARD(PARTIAL, .item = 1, SAID(3))},
    {4000, HEARD(PARTIAL, .item = 1, SAID(8))},
    {6000, HEARD(PARTIAL, .item = 1, SAID(14))},
    {7200, HEARD(SPEECH_ENDED, .lag_ms = 200)},
    {7200, HEARD(COMMITTED, .item = 1)},
    {7300, HEARD(FINAL, .item = 1, SAID(16))},
    {7305, HEARD(PROMPT_READY, .epoch = 1)},
    {7700, HEARD(PIECE, .epoch = 1, .sentences = 1)},
    {7800, HEARD(MODEL_DONE, .epoch = 1)},
    {7850, HEARD(AUDIO, .epoch = 1)},
    {9000, HEARD(PLAYED, .epoch = 1, .flag = true)},
    {9500, HEARD(STREAM_ENDED)},
};

static void words_of_an_utterance_that_is_cut_by_force_are_not_lost(void **state)
{
    struct run run;
    RUN_WITH(&run, talkative, NULL, 0);
    expect_same_decisions(&run);
    run_free(&run);
    RUN_WITH(&run, talkative, "max_utterance_ms", 3500);
    uint32_t words = 0;
    for (size_t i = 0; i < run.is.count; i++)
        if (!run.is.list[i].is_taken_back)
            words += run.is.list[i].words + run.is.list[i].words_after;
    assert_int_equal(words, 16);
    assert_true(run.is.count > 1);
    assert_true(run.is.list[0].is_cut_off || run.is.list[0].is_taken_back);
    run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed_is_as_it_was),
        cmocka_unit_test(longer_silence_joins_what_was_cut),
        cmocka_unit_test(shorter_silence_answers_sooner),
        cmocka_unit_test(a_change_that_needs_no_draft),
        cmocka_unit_test(without_barge_in_the_caller_is_talked_over),
        cmocka_unit_test(a_turn_taken_back_is_one_that_need_not_have_been),
        cmocka_unit_test(words_of_an_utterance_that_is_cut_by_force_are_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
