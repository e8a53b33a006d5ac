#include "story_calls.h"

static void test_greeting_and_one_turn(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"}};
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 8000 + turn_defaults.idle_ms);
}

static void test_without_greeting_the_model_begins(void **state)
{
    struct turn turn = fresh();
    const struct story_row rows[] = {
        {0, HEARD(STARTED), T, "commit_turn"},
        {5, HEARD(PROMPT_READY, .epoch = 1), T, "start_model"},
    };
    TELL(&turn, rows);
}

static void test_silence_is_waited_for_when_the_final_is_early(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4250, HEARD(FINAL, .item = 1, WORDS(4)), L, ""},
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 4500);
}

static void test_a_late_final_is_not_waited_for_when_words_stall(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3900, HEARD(PARTIAL, .item = 1, WORDS(4)), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4600, HEARD(TIME), T, "commit_turn"}, /* end of speech + 600 */
        {5000, HEARD(FINAL, .item = 1, WORDS(5)), T,
            ""}, /* of the turn that was committed: no new words */
    };
    TELL(&turn, rows);
}

static void test_a_late_final_is_waited_for_when_the_words_hang(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3900, HEARD(PARTIAL, .item = 1, .words = {.count = 2, .is_hanging = true}), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4900, HEARD(TIME), L, ""}, /* silence and patience are over, and the words a stall old */
        {5600, HEARD(FINAL, .item = 1, WORDS(5)), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_final_that_never_comes_is_not_waited_for_longer_than_a_transcript(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3900, HEARD(PARTIAL, .item = 1, .words = {.count = 2, .is_hanging = true}), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {6299, HEARD(TIME), L, ""},
        {6300, HEARD(TIME), T, "commit_turn"}, /* end of speech + 2800, less what an answer takes */
        {6400, HEARD(TIME), T, "fill"},
    };
    TELL(&turn, rows);
}

static void test_a_late_final_commits_at_once(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {5100, HEARD(FINAL, .item = 1, WORDS(2)), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_the_shortest_silence_waits_for_the_transcript(void **state)
{
    struct turn turn = greeted();
    turn.settings.silence_ms = 200;
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4350, HEARD(FINAL, .item = 1, WORDS(1)), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_what_waits_for_a_pause_is_not_lost_with_a_filler(void **state)
{
    struct turn turn = answered();
    turn.phase = REPLY_TOOLS;
    turn.state = TURN_THINKING;
    turn.fill_due_ms = UINT64_MAX;
    const struct story_row rows[] = {
        {6000, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"},
        {6100, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {6150, HEARD(PIECE, .epoch = 2), T, ""},
        {6160, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {6200, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""}, /* of a filler */
        {6350, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech speak"},
    };
    TELL(&turn, rows);
}

static void test_a_pause_joins_two_utterances(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(3)), L, ""},
        {4400, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""}, /* after 320 ms of silence */
        {5200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {5200, HEARD(COMMITTED, .item = 2), L, ""},
        {5300, HEARD(FINAL, .item = 2, WORDS(2)), L, ""},
        {5500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_hanging_words_get_patience(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, .words = {.count = 3, .is_hanging = true}), L, ""},
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 4900);
}

static void test_noise_is_discarded(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3380, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {3380, HEARD(COMMITTED, .item = 1), L, ""},
        {3600, HEARD(FINAL, .item = 1), L, ""},
        {3680, HEARD(TIME), L, "discard_speech"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 11180);
}

static void test_a_burst_without_transcript_is_noise_not_a_failure(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3480, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"}, /* 280 ms of voice */
        {3480, HEARD(COMMITTED, .item = 1), L, ""},
        {6080, HEARD(TIME), L, "discard_speech"},
    };
    TELL(&turn, rows);
}

static void test_a_short_yes_counts(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3480, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {3480, HEARD(COMMITTED, .item = 1), L, ""},
        {3600, HEARD(FINAL, .item = 1, MHM), L, ""},
        {3780, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_speech_to_text_that_says_nothing_ends_in_an_apology(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {6800, HEARD(TIME), T, "discard_speech apologise"},
        {6800, HEARD(AUDIO, .epoch = 2), S, ""},
        {9000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_long_utterance_is_forced(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {10000, HEARD(PARTIAL, .item = 1, WORDS(20)), L, ""},
        {11000, HEARD(TIME), L, "commit_speech"},
        {11000, HEARD(COMMITTED, .item = 1), L, ""},
        {11200, HEARD(FINAL, .item = 1, WORDS(22)), T, "commit_turn"},
        {11300, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {11600, HEARD(PIECE, .epoch = 2), T, ""}, /* still talking: held */
        {11900, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech speak"},
    };
    TELL(&turn, rows);
}

static void test_the_caller_goes_on_before_the_reply(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4680, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {4700, HEARD(PIECE, .epoch = 2), T, ""},
        {4950, HEARD(TIME), L, "cancel_reply reopen_turn"}, /* 350 ms of speech */
        {4960, HEARD(PIECE, .epoch = 2), L, ""},            /* too late */
        {5600, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {5600, HEARD(COMMITTED, .item = 2), L, ""},
        {5700, HEARD(FINAL, .item = 2, WORDS(4)), L, ""},
        {5900, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.epoch, 3);
}

static void test_a_cough_before_the_reply_only_holds_it(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4680, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {4700, HEARD(PIECE, .epoch = 2), T, ""},
        {4900, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech speak"},
    };
    TELL(&turn, rows);
}

/* The wait for what was held begins when the caller pauses: no "one moment" before it. */
static void test_a_caller_who_spoke_was_not_kept_waiting(void **state)
{
    struct turn turn = asked();
    uint64_t fill_ms = 4000 + turn.settings.fill_ms;
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {fill_ms - 100, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {fill_ms - 50, HEARD(PIECE, .epoch = 2), T, ""},
        {fill_ms + 120, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech speak"},
        {fill_ms + 300, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
}

static void test_a_silent_caller_is_asked_twice_and_left(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {10000, HEARD(TIME), T, "nudge"},
        {10300, HEARD(AUDIO, .epoch = 2), S, ""},
        {11000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
        {12000, HEARD(SPEECH_STARTED, .lag_ms = 80), L,
            ""}, /* a door: the silence counts from its end */
        {12300, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {12300, HEARD(COMMITTED, .item = 1), L, ""},
        {12350, HEARD(FINAL, .item = 1), L, ""},
        {12600, HEARD(TIME), L, "discard_speech"},
        {20100, HEARD(TIME), T, "nudge"},
        {20400, HEARD(AUDIO, .epoch = 3), S, ""},
        {21000, HEARD(PLAYED, .epoch = 3, .flag = true), L, "close_reply"},
        {29000, HEARD(TIME), T, "farewell"},
        {29300, HEARD(AUDIO, .epoch = 4), S, ""},
        {30000, HEARD(PLAYED, .epoch = 4, .flag = true), E, "close_reply end_call"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.end_reason, TURN_END_IDLE);
}

static void test_noise_before_a_nudge_is_heard_is_no_turn(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {10000, HEARD(TIME), T, "nudge"},
        {10180, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {10450, HEARD(TIME), L, "cancel_reply"},
        {10700, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {10700, HEARD(COMMITTED, .item = 1), L, ""},
        {10800, HEARD(FINAL, .item = 1), L, ""},
        {11000, HEARD(TIME), L, "discard_speech"},
        {18500, HEARD(TIME), T, "nudge"},
    };
    TELL(&turn, rows);
}

static void test_a_word_during_the_farewell_keeps_the_call(void **state)
{
    struct turn turn = greeted();
    turn.settings.idle_nudges = 0;
    const struct story_row rows[] = {
        {10000, HEARD(TIME), T, "farewell"},
        {10300, HEARD(AUDIO, .epoch = 2), S, ""},
        {10580, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {10850, HEARD(TIME), P, "pause"},
        {11000, HEARD(PARTIAL, .item = 1, WORDS(1)), L, "clear cancel_reply"},
        {11200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {11200, HEARD(COMMITTED, .item = 1), L, ""},
        {11300, HEARD(FINAL, .item = 1, WORDS(3)), L, ""},
        {11500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.nudges, 0);
}

static void test_held_pieces_go_out_with_the_first_audio(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4600, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {4650, HEARD(PIECE, .epoch = 2), T, ""},
        {4700, HEARD(AUDIO, .epoch = 2), I, "speak duck"}, /* a script's own words */
        {4800, HEARD(SPEECH_ENDED, .lag_ms = 200), S, "commit_speech resume"},
        {5600, HEARD(PLAYED, .epoch = 2), T, ""},
        {6400, HEARD(TIME), T, "fill"},
    };
    TELL(&turn, rows);
}

static void test_tools_then_a_second_round(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4800, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4900, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"},
        {5000, HEARD(AUDIO, .epoch = 2), S, ""},
        {5600, HEARD(PLAYED, .epoch = 2, .flag = true), T,
            ""}, /* "one moment" was said, tools still run */
        {5900, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"},
        {6200, HEARD(PIECE, .epoch = 2), T, "speak"},
        {6300, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {6400, HEARD(AUDIO, .epoch = 2), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_fillers_do_not_renew_the_patience_with_tools(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4800, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4900, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"},
        {5000, HEARD(AUDIO, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""},
        {6800, HEARD(TIME), T, "fill"},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""}, /* the filler */
        {12000, HEARD(TIME), T, "fill"},
        {13400, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""},
        {16000, HEARD(TIME), T, "clear cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_synthesis_that_falls_silent_is_given_up(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6000, HEARD(PLAYED, .epoch = 2), T, ""}, /* the next segment's audio is not there yet */
        {6800, HEARD(TIME), T, "fill"},
        {8000, HEARD(PLAYED, .epoch = 2), T, ""},
        {8800, HEARD(TIME), T, "clear cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_synthesis_that_pauses_goes_on(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {6000, HEARD(PLAYED, .epoch = 2), T, ""},
        {6500, HEARD(AUDIO, .epoch = 2), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_caller_who_never_pauses_is_answered_not_apologised_to(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {10000, HEARD(PARTIAL, .item = 1, WORDS(20)), L, ""},
        {11000, HEARD(TIME), L, "commit_speech"},
        {11000, HEARD(COMMITTED, .item = 1), L, ""},
        {11200, HEARD(FINAL, .item = 1, WORDS(22)), T, "commit_turn"},
        {11300, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {11600, HEARD(PIECE, .epoch = 2), T, ""}, /* held */
        {14000, HEARD(TIME), T, "speak"},
        {14200, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
}

static void test_a_slow_model_is_filled_then_apologised_for(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {5300, HEARD(TIME), T, "fill"},
        {6700, HEARD(PLAYED, .epoch = 2), T, ""}, /* the filler */
        {6800, HEARD(TIME), T, "cancel_reply apologise"},
        {6800, HEARD(AUDIO, .epoch = 3), S, ""},
        {9000, HEARD(PLAYED, .epoch = 3, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.failures, 1);
}

static void test_a_clock_that_has_just_begun(void **state)
{
    struct turn turn = fresh();
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {20, HEARD(AUDIO, .epoch = 1), S, ""},
        {100, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
        {200, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {800, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {800, HEARD(COMMITTED, .item = 1), L, ""},
        {900, HEARD(FINAL, .item = 1, WORDS(2)), L, ""},
        {1100, HEARD(TIME), T, "commit_turn"},
        {1900, HEARD(TIME), T, "fill"},
        {3400, HEARD(TIME), T, "hush cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_a_late_transcript_leaves_the_model_its_time(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {6500, HEARD(FINAL, .item = 1, WORDS(2)), T, "commit_turn fill"},
        {7300, HEARD(TIME), T, ""},
        {7500, HEARD(TIME), T, "hush cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_the_second_failure_in_a_row_ends_the_call(void **state)
{
    struct turn turn = asked();
    turn.failures = 1;
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4600, HEARD(MODEL_FAILED, .epoch = 2), E, "cancel_reply apologise"},
        {8000, HEARD(PLAYED, .epoch = 3, .flag = true), E, "close_reply end_call"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.end_reason, TURN_END_FAILURE);
}

static void test_a_failure_in_mid_sentence_clears_first(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5600, HEARD(TTS_FAILED, .epoch = 2), T, "clear cancel_reply apologise"}};
    TELL(&turn, rows);
}

static void test_speech_to_text_lost_ends_the_call_with_an_apology(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {2500, HEARD(STT_FAILED, .flag = true), E, "discard_speech apologise"},
        {2500, HEARD(AUDIO, .epoch = 2), E, ""},
        {7000, HEARD(PLAYED, .epoch = 2, .flag = true), E, "close_reply end_call"},
    };
    TELL(&turn, rows);
}

/* What was committed to the session that is gone is not waited for. */
static void test_speech_to_text_lost_once_is_apologised_for(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {2500, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3500, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {3500, HEARD(COMMITTED, .item = 1), L, ""},
        {5000, HEARD(STT_FAILED), T, "discard_speech apologise"},
        {5000, HEARD(AUDIO, .epoch = 2), S, ""},
        {7000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
        {8000, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {9000, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {9000, HEARD(COMMITTED, .item = 2), L, ""},
        {9100, HEARD(STT_FAILED), E, "discard_speech apologise"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.open_items, 0);
}

/* The final that is missing is of words that are answered already. */
static void test_speech_to_text_lost_behind_the_words(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5600, HEARD(STT_FAILED), S, ""},
        {7000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.failures, 0);
}

/* Nobody apologises into the caller's words. */
static void test_speech_to_text_lost_in_the_middle_of_words(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {2500, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""}, {3000, HEARD(STT_FAILED), L, ""},
        {4500, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech discard_speech apologise"},
        {4500, HEARD(AUDIO, .epoch = 2), S, ""},
        {7000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
        {8000, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""}, {8000, HEARD(STT_FAILED), L, ""},
        {15920, HEARD(TIME), E, "discard_speech apologise"}, /* words without end */
    };
    TELL(&turn, rows);
}

static void test_last_words_that_never_end_are_bounded(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {2500, HEARD(STT_FAILED, .flag = true), E, "discard_speech apologise"},
        {12500, HEARD(TIME), E, "end_call"},
        {12600, HEARD(STREAM_ENDED), E, ""},
    };
    TELL(&turn, rows);
}

static void test_hang_up_after_the_last_word(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5500, HEARD(HANGUP_ASKED), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), E, "close_reply end_call"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.end_reason, TURN_END_AGENT);
}

static void test_hang_up_while_nothing_is_said(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {{2500, HEARD(HANGUP_ASKED), E, "end_call"}};
    TELL(&turn, rows);
}

static void test_the_stream_ends_in_any_state(void **state)
{
    struct turn states[] = {fresh(), greeted(), asked(), answered()};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct turn_actions actions;
        turn_step(&states[i], HEARD(STREAM_ENDED), 9000, &actions);
        assert_int_equal(actions.list[actions.count - 1].kind, TURN_ACTION_END_CALL);
        assert_int_equal(actions.list[actions.count - 1].reason, TURN_END_CALLER);
        assert_int_equal(turn_deadline(&states[i]), 0);
    }
}

static void test_results_of_older_epochs_are_dropped(void **state)
{
    struct turn turn = answered();
    for (int kind = TURN_EVENT_PROMPT_READY; kind <= TURN_EVENT_PLAYED; kind++) {
        struct turn before = turn;
        struct turn_actions actions;
        turn_step(&turn,
            (struct turn_event){.kind = (enum turn_event_kind)kind, .epoch = 1, .flag = true}, 6000,
            &actions);
        assert_int_equal(actions.count, 0);
        assert_memory_equal(&before, &turn, sizeof turn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting_and_one_turn),
        cmocka_unit_test(test_without_greeting_the_model_begins),
        cmocka_unit_test(test_silence_is_waited_for_when_the_final_is_early),
        cmocka_unit_test(test_a_late_final_is_not_waited_for_when_words_stall),
        cmocka_unit_test(test_a_late_final_is_waited_for_when_the_words_hang),
        cmocka_unit_test(test_a_final_that_never_comes_is_not_waited_for_longer_than_a_transcript),
        cmocka_unit_test(test_a_late_final_commits_at_once),
        cmocka_unit_test(test_the_shortest_silence_waits_for_the_transcript),
        cmocka_unit_test(test_what_waits_for_a_pause_is_not_lost_with_a_filler),
        cmocka_unit_test(test_a_pause_joins_two_utterances),
        cmocka_unit_test(test_hanging_words_get_patience),
        cmocka_unit_test(test_noise_is_discarded),
        cmocka_unit_test(test_a_burst_without_transcript_is_noise_not_a_failure),
        cmocka_unit_test(test_a_short_yes_counts),
        cmocka_unit_test(test_speech_to_text_that_says_nothing_ends_in_an_apology),
        cmocka_unit_test(test_a_long_utterance_is_forced),
        cmocka_unit_test(test_the_caller_goes_on_before_the_reply),
        cmocka_unit_test(test_a_cough_before_the_reply_only_holds_it),
        cmocka_unit_test(test_a_caller_who_spoke_was_not_kept_waiting),
        cmocka_unit_test(test_a_silent_caller_is_asked_twice_and_left),
        cmocka_unit_test(test_noise_before_a_nudge_is_heard_is_no_turn),
        cmocka_unit_test(test_a_word_during_the_farewell_keeps_the_call),
        cmocka_unit_test(test_held_pieces_go_out_with_the_first_audio),
        cmocka_unit_test(test_tools_then_a_second_round),
        cmocka_unit_test(test_fillers_do_not_renew_the_patience_with_tools),
        cmocka_unit_test(test_synthesis_that_falls_silent_is_given_up),
        cmocka_unit_test(test_synthesis_that_pauses_goes_on),
        cmocka_unit_test(test_a_caller_who_never_pauses_is_answered_not_apologised_to),
        cmocka_unit_test(test_a_slow_model_is_filled_then_apologised_for),
        cmocka_unit_test(test_a_clock_that_has_just_begun),
        cmocka_unit_test(test_a_late_transcript_leaves_the_model_its_time),
        cmocka_unit_test(test_the_second_failure_in_a_row_ends_the_call),
        cmocka_unit_test(test_a_failure_in_mid_sentence_clears_first),
        cmocka_unit_test(test_speech_to_text_lost_ends_the_call_with_an_apology),
        cmocka_unit_test(test_speech_to_text_lost_once_is_apologised_for),
        cmocka_unit_test(test_speech_to_text_lost_behind_the_words),
        cmocka_unit_test(test_speech_to_text_lost_in_the_middle_of_words),
        cmocka_unit_test(test_last_words_that_never_end_are_bounded),
        cmocka_unit_test(test_hang_up_after_the_last_word),
        cmocka_unit_test(test_hang_up_while_nothing_is_said),
        cmocka_unit_test(test_the_stream_ends_in_any_state),
        cmocka_unit_test(test_results_of_older_epochs_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
