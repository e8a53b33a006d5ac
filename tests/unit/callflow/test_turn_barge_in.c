/* A voice over a reply: lowered, stopped for now, then ended or taken up again. */
#include "story_calls.h"

static void test_lasting_speech_stops_the_reply_and_then_ends_it(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {7000, HEARD(TIME), L, "clear cancel_reply"},
        {7050, HEARD(PLAYED, .epoch = 2, .flag = true), L, ""}, /* stale */
        {7400, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
    };
    TELL(&turn, rows);
}

static void test_a_word_interrupts_at_once(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6200, HEARD(PARTIAL, .item = 2, WORDS(1)), L, "clear cancel_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_word_ends_a_reply_that_stands_still(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {6400, HEARD(PARTIAL, .item = 2, WORDS(1)), L, "clear cancel_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_short_word_is_known_only_after_the_voice_ended(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {6700, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {6700, HEARD(COMMITTED, .item = 2), P, ""},
        {6900, HEARD(FINAL, .item = 2, WORDS(1)), L, "clear cancel_reply"},
        {7000, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_cough_that_lasts_only_stops_the_reply(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {6700, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {6700, HEARD(COMMITTED, .item = 2), P, ""},
        {6900, HEARD(FINAL, .item = 2), S, "resume"},
        {9000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply discard_speech"},
    };
    TELL(&turn, rows);
}

static void test_without_any_transcript_the_reply_goes_on(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"}, {6350, HEARD(TIME), P, "pause"},
        {6700, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {6700, HEARD(COMMITTED, .item = 2), P, ""}, {7300, HEARD(TIME), S, "resume"},
        {7600, HEARD(FINAL, .item = 2, WORDS(2)), T,
            "clear cancel_reply commit_turn"}, /* late, but words */
    };
    TELL(&turn, rows);
}

static void test_bursts_of_noise_do_not_hold_a_reply_for_ever(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"}, {6350, HEARD(TIME), P, "pause"},
        {6800, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {6800, HEARD(COMMITTED, .item = 2), P, ""},
        {7380, HEARD(SPEECH_STARTED, .lag_ms = 80), P, ""},
        {8100, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {8100, HEARD(COMMITTED, .item = 3), P, ""},
        {8680, HEARD(SPEECH_STARTED, .lag_ms = 80), P, ""},
        {9300, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {9300, HEARD(COMMITTED, .item = 4), P, ""},
        {9350, HEARD(TIME), S, "resume"}, /* 3 s since the pause */
    };
    TELL(&turn, rows);
}

static void test_a_backchannel_does_not_interrupt_and_is_no_turn(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6200, HEARD(PARTIAL, .item = 2, MHM), I, ""},
        {6330, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech resume"},
        {6330, HEARD(COMMITTED, .item = 2), S, ""},
        {6500, HEARD(FINAL, .item = 2, MHM), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply discard_speech"},
    };
    TELL(&turn, rows);
}

static void test_a_long_backchannel_only_stops_the_reply(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {6400, HEARD(PARTIAL, .item = 2, MHM), P, ""},
        {6700, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {6700, HEARD(COMMITTED, .item = 2), P, ""},
        {6900, HEARD(FINAL, .item = 2, MHM), S, "resume"},
    };
    TELL(&turn, rows);
}

static void test_the_reply_may_be_thought_on_while_it_stands_still(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4800, HEARD(PIECE, .epoch = 2), T, "speak"},
        {5000, HEARD(AUDIO, .epoch = 2), S, ""},
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {6400, HEARD(PIECE, .epoch = 2), P, "speak"},
        {6450, HEARD(MODEL_DONE, .epoch = 2), P, "finish_segment"},
        {6500, HEARD(SPEECH_ENDED, .lag_ms = 200), P, "commit_speech"},
        {7100, HEARD(TIME), S, "resume"},
        {9000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply discard_speech"},
    };
    TELL(&turn, rows);
}

static void test_a_yes_at_the_very_end_of_a_question_answers_it(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {7700, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {7960, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech resume"},
        {7960, HEARD(COMMITTED, .item = 2), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
        {8100, HEARD(FINAL, .item = 2, MHM), L, ""},
        {8260, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_no_barge_in_when_the_tenant_says_so(void **state)
{
    struct turn turn = answered();
    turn.settings.barge_in = false;
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), S, ""},
        {6300, HEARD(PARTIAL, .item = 2, WORDS(2)), S, ""},
        {7200, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech"},
        {7200, HEARD(COMMITTED, .item = 2), S, ""},
        {7300, HEARD(FINAL, .item = 2, WORDS(4)), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), T, "close_reply commit_turn"},
    };
    TELL(&turn, rows);
}

/* Length never counts, one word is not enough, a command is. */
static void test_low_sensitivity_waits_for_words(void **state)
{
    struct turn turn = answered();
    turn.settings.pause_ms = 0;
    turn.settings.interrupt_words = 2;
    struct turn commanded = turn;
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {7000, HEARD(PARTIAL, .item = 2, WORDS(1)), I, ""},
        {7400, HEARD(PARTIAL, .item = 2, WORDS(2)), L, "clear cancel_reply"},
    };
    TELL(&turn, rows);
    const struct story_row command[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6400, HEARD(PARTIAL, .item = 2, .words = {.count = 1, .is_command = true}), L,
            "clear cancel_reply"},
    };
    TELL(&commanded, command);
}

static void test_one_word_that_did_not_interrupt_is_the_next_turn(void **state)
{
    struct turn turn = answered();
    turn.settings.pause_ms = 0;
    turn.settings.interrupt_words = 2;
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6600, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech resume"},
        {6600, HEARD(COMMITTED, .item = 2), S, ""},
        {6800, HEARD(FINAL, .item = 2, WORDS(1)), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), T, "close_reply commit_turn"},
    };
    TELL(&turn, rows);
}

/* ---- what must be heard to its end ---- */

static void test_nothing_interrupts_a_protected_part_but_words_count_after_it(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(PROTECTED, .epoch = 2, .flag = true), S, ""},
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), S, ""},
        {6300, HEARD(PARTIAL, .item = 2, .words = {.count = 1, .is_command = true}), S, ""},
        {7000, HEARD(PROTECTED, .epoch = 2), L, "clear cancel_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_voice_that_is_still_there_after_a_protected_part_lowers_what_follows(
    void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(PROTECTED, .epoch = 2, .flag = true), S, ""},
        {6900, HEARD(SPEECH_STARTED, .lag_ms = 80), S, ""},
        {7000, HEARD(PROTECTED, .epoch = 2), I, "duck"},
        {7170, HEARD(TIME), P, "pause"},
    };
    TELL(&turn, rows);
}

static void test_a_protected_part_is_heard_at_full_level(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6200, HEARD(PROTECTED, .epoch = 2, .flag = true), S, "resume"},
        {6400, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech"},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply discard_speech"},
    };
    TELL(&turn, rows);
}

static void test_protection_ends_with_what_was_played(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(PROTECTED, .epoch = 2, .flag = true), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    assert_false(turn.is_protected);
}

static void test_nothing_withdraws_what_must_be_heard_before_it_plays(void **state)
{
    struct turn turn = fresh();
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {0, HEARD(PROTECTED, .epoch = 1, .flag = true), T, ""},
        {180, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {400, HEARD(PARTIAL, .item = 1, WORDS(1)), T, ""},
        {600, HEARD(AUDIO, .epoch = 1), S, ""},
        {700, HEARD(KEY_TAKEN), S, ""},
        {900, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech"},
        {900, HEARD(COMMITTED, .item = 1), S, ""},
        {1000, HEARD(FINAL, .item = 1, WORDS(2)), S, ""},
        {3000, HEARD(PLAYED, .epoch = 1, .flag = true), T, "close_reply commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_pause_ends_when_something_must_be_heard(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {6500, HEARD(PROTECTED, .epoch = 2, .flag = true), S, "resume"},
    };
    TELL(&turn, rows);
}

/* ---- a voice that was there first ---- */

static void test_a_voice_that_began_before_the_first_audio_is_over_it(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4700, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4880, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {5000, HEARD(AUDIO, .epoch = 2), I, "duck"},
        {5150, HEARD(TIME), P, "pause"},
        {5800, HEARD(TIME), L, "clear cancel_reply"},
    };
    TELL(&turn, rows);
}

static void test_noise_between_two_parts_does_not_interrupt_where_nothing_may(void **state)
{
    struct turn turn = answered();
    turn.settings.barge_in = false;
    turn.settings.fill_ms = 0;
    turn.phase = REPLY_TOOLS;
    const struct story_row rows[] = {
        {6000, HEARD(PLAYED, .epoch = 2), T, ""},
        {6180, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {7200, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech"},
    };
    TELL(&turn, rows);
}

/* ---- an end that was asked for ---- */

static void test_noise_over_the_last_words_still_ends_the_call(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5500, HEARD(HANGUP_ASKED), S, ""},
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6350, HEARD(TIME), P, "pause"},
        {7000, HEARD(TIME), L, "clear cancel_reply"},
        {7200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {7500, HEARD(TIME), E, "discard_speech end_call"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.end_reason, TURN_END_AGENT);
}

static void test_words_over_the_last_words_keep_the_call(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5500, HEARD(HANGUP_ASKED), S, ""},
        {6080, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {6200, HEARD(PARTIAL, .item = 2, WORDS(1)), L, "clear cancel_reply"},
        {6900, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {6900, HEARD(COMMITTED, .item = 2), L, ""},
        {7000, HEARD(FINAL, .item = 2, WORDS(4)), L, ""},
        {7200, HEARD(TIME), T, "commit_turn"},
        {7210, HEARD(PROMPT_READY, .epoch = 3), T, "start_model"},
        {7400, HEARD(PIECE, .epoch = 3), T, "speak"},
        {7500, HEARD(MODEL_DONE, .epoch = 3), T, "finish_segment"},
        {7600, HEARD(AUDIO, .epoch = 3), S, ""},
        {9000, HEARD(PLAYED, .epoch = 3, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lasting_speech_stops_the_reply_and_then_ends_it),
        cmocka_unit_test(test_a_word_interrupts_at_once),
        cmocka_unit_test(test_a_word_ends_a_reply_that_stands_still),
        cmocka_unit_test(test_a_short_word_is_known_only_after_the_voice_ended),
        cmocka_unit_test(test_a_cough_that_lasts_only_stops_the_reply),
        cmocka_unit_test(test_without_any_transcript_the_reply_goes_on),
        cmocka_unit_test(test_bursts_of_noise_do_not_hold_a_reply_for_ever),
        cmocka_unit_test(test_a_backchannel_does_not_interrupt_and_is_no_turn),
        cmocka_unit_test(test_a_long_backchannel_only_stops_the_reply),
        cmocka_unit_test(test_the_reply_may_be_thought_on_while_it_stands_still),
        cmocka_unit_test(test_a_yes_at_the_very_end_of_a_question_answers_it),
        cmocka_unit_test(test_no_barge_in_when_the_tenant_says_so),
        cmocka_unit_test(test_low_sensitivity_waits_for_words),
        cmocka_unit_test(test_one_word_that_did_not_interrupt_is_the_next_turn),
        cmocka_unit_test(test_nothing_interrupts_a_protected_part_but_words_count_after_it),
        cmocka_unit_test(
            test_a_voice_that_is_still_there_after_a_protected_part_lowers_what_follows),
        cmocka_unit_test(test_a_protected_part_is_heard_at_full_level),
        cmocka_unit_test(test_protection_ends_with_what_was_played),
        cmocka_unit_test(test_nothing_withdraws_what_must_be_heard_before_it_plays),
        cmocka_unit_test(test_a_pause_ends_when_something_must_be_heard),
        cmocka_unit_test(test_a_voice_that_began_before_the_first_audio_is_over_it),
        cmocka_unit_test(test_noise_between_two_parts_does_not_interrupt_where_nothing_may),
        cmocka_unit_test(test_noise_over_the_last_words_still_ends_the_call),
        cmocka_unit_test(test_words_over_the_last_words_keep_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
