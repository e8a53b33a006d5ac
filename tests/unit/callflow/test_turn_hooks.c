/* What a tenant's script may say to the caller in the model's place, and in a silence. */
#include "story_calls.h"

#define ANSWERED(number, ...) HEARD(SILENCE_ANSWERED, .item = (number), __VA_ARGS__)

/* ---- on_user_turn ---- */

static void test_the_script_answers_instead_of_the_model(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4502, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {4502, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4502, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4700, HEARD(AUDIO, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_its_sentences_are_not_counted(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4502, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {4502, HEARD(PIECE, .epoch = 2, .sentences = 2), T, "speak"},
        {4502, HEARD(PIECE, .epoch = 2, .sentences = 1), T, "speak"},
        {4502, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
    };
    TELL(&turn, rows);
}

static void test_a_goodbye_ends_the_call_when_it_was_heard(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4502, HEARD(HANGUP_ASKED), T, ""},
        {4502, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {4502, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4502, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4700, HEARD(AUDIO, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), E, "close_reply end_call"},
    };
    TELL(&turn, rows);
}

static void test_an_answer_without_words_is_over_at_once(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4502, HEARD(HANGUP_ASKED), T, ""},
        {4502, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {4502, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4502, HEARD(NO_WORDS, .epoch = 2), E, "close_reply end_call"},
    };
    TELL(&turn, rows);
}

static void test_without_words_a_filler_is_heard_to_its_end(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {5300, HEARD(TIME), T, "fill"},
        {5400, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {5400, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {5400, HEARD(NO_WORDS, .epoch = 2), T, "hush"},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

/* It was answered once: what the script noted of it is not noted twice. */
static void test_a_turn_that_was_answered_stands(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4502, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {4502, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4502, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4600, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {4700, HEARD(PARTIAL, .item = 2, WORDS(1)), L, "cancel_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_voice_without_words_does_not_cost_the_answer(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4502, HEARD(SCRIPT_ANSWERED, .epoch = 2), T, ""},
        {4502, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4502, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4600, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {5100, HEARD(SPEECH_ENDED, .lag_ms = 100), T, "commit_speech"},
        {5200, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
}

/* Its transcript took long; a script that waits has its time all the same. */
static void test_a_late_transcript_leaves_the_script_its_time(void **state)
{
    struct turn turn = greeted();
    turn.settings.script_first = true;
    turn.settings.fill_ms = 0;
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {6500, HEARD(FINAL, .item = 1, WORDS(5)), T, "commit_turn"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 6500 + 2000);
}

static void test_a_caller_who_goes_on_before_the_answer_is_heard_anew(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4600, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {4700, HEARD(PARTIAL, .item = 2, WORDS(1)), L, "cancel_reply reopen_turn"},
        {4710, HEARD(SCRIPT_ANSWERED, .epoch = 2), L, ""},
        {4710, HEARD(PIECE, .epoch = 2), L, ""},
    };
    TELL(&turn, rows);
}

static void test_what_the_script_took_is_not_held_against_the_model(void **state)
{
    struct turn turn = asked();
    turn.fill_due_ms = UINT64_MAX;
    assert_int_equal(turn_answer_due_ms(&turn), 4000 + turn_defaults.answer_ms);
    assert_int_equal(turn_deadline(&turn), 4000 + turn_defaults.answer_ms);
    const struct story_row rows[] = {
        {6000, HEARD(SCRIPT_PASSED, .epoch = 2), T, ""},
        {6010, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 4000 + 1500 + turn_defaults.answer_ms);
}

static void test_no_draft_before_the_script_has_heard_the_turn(void **state)
{
    struct turn turn = greeted();
    turn.settings.early_ms = turn_defaults.early_ms;
    const struct story_row rows[] = {
        {2500, HEARD(RULES, .rules = {500, 600, 400, 350, 8000, .script_first = true}), L, ""},
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4210, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

/* ---- before_say ---- */

/* All pieces of the model were dropped. */
static void test_a_reply_of_nothing_is_over(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4800, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4800, HEARD(NO_WORDS, .epoch = 2), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_no_words_so_far_is_not_the_end(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4700, HEARD(NO_WORDS, .epoch = 2), T, ""},
        {4800, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"},
        {4800, HEARD(NO_WORDS, .epoch = 2), T, ""},
    };
    TELL(&turn, rows);
}

static void test_what_is_heard_is_heard_to_its_end(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5100, HEARD(NO_WORDS, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

/* ---- on_silence ---- */

static struct turn silent(void)
{
    struct turn turn = greeted();
    turn.settings.asks_on_silence = true;
    const struct story_row rows[] = {{10000, HEARD(TIME), L, "ask_silence"}};
    TELL(&turn, rows);
    return turn;
}

static void test_the_script_is_asked_before_a_nudge(void **state)
{
    struct turn turn = silent();
    const struct story_row rows[] = {
        {10002, ANSWERED(1), T, "nudge"},
        {10300, HEARD(AUDIO, .epoch = 2), S, ""},
        {11000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
        {19000, HEARD(TIME), L, "ask_silence"},
        {19002, ANSWERED(1), L, ""}, /* of the first question */
        {19003, ANSWERED(2), T, "nudge"},
    };
    TELL(&turn, rows);
}

static void test_saying_nothing_counts(void **state)
{
    struct turn turn = silent();
    const struct story_row rows[] = {
        {10002, ANSWERED(1, .flag = true), L, ""}, {18002, HEARD(TIME), L, "ask_silence"},
        {18010, ANSWERED(2, .flag = true), L, ""},
        {26010, HEARD(TIME), T, "farewell"}, /* nobody is asked about that */
    };
    TELL(&turn, rows);
}

static void test_a_nudge_does_not_wait_for_the_script(void **state)
{
    struct turn turn = silent();
    const struct story_row rows[] = {
        {10200, HEARD(TIME), T, "nudge"},
        {10210, ANSWERED(1, .flag = true), T, ""},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.nudges, 1);
}

static void test_a_caller_who_speaks_makes_the_question_void(void **state)
{
    struct turn turn = silent();
    const struct story_row rows[] = {
        {10001, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {10002, ANSWERED(1, .flag = true), L, ""},
        {10400, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {10700, HEARD(TIME), L, "discard_speech"},
        {18200, HEARD(TIME), L, "ask_silence"},
        {18210, HEARD(KEY_TAKEN), L, ""},
        {18211, ANSWERED(2), L, ""},
        {26210, HEARD(TIME), L, "ask_silence"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.nudges, 0);
}

static void test_a_hang_up_needs_no_nudge(void **state)
{
    struct turn turn = silent();
    const struct story_row rows[] = {
        {10002, ANSWERED(1, .flag = true), L, ""},
        {10002, HEARD(HANGUP_ASKED), E, "end_call"},
    };
    TELL(&turn, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_script_answers_instead_of_the_model),
        cmocka_unit_test(test_its_sentences_are_not_counted),
        cmocka_unit_test(test_a_goodbye_ends_the_call_when_it_was_heard),
        cmocka_unit_test(test_an_answer_without_words_is_over_at_once),
        cmocka_unit_test(test_without_words_a_filler_is_heard_to_its_end),
        cmocka_unit_test(test_a_turn_that_was_answered_stands),
        cmocka_unit_test(test_a_voice_without_words_does_not_cost_the_answer),
        cmocka_unit_test(test_a_late_transcript_leaves_the_script_its_time),
        cmocka_unit_test(test_a_caller_who_goes_on_before_the_answer_is_heard_anew),
        cmocka_unit_test(test_what_the_script_took_is_not_held_against_the_model),
        cmocka_unit_test(test_no_draft_before_the_script_has_heard_the_turn),
        cmocka_unit_test(test_a_reply_of_nothing_is_over),
        cmocka_unit_test(test_no_words_so_far_is_not_the_end),
        cmocka_unit_test(test_what_is_heard_is_heard_to_its_end),
        cmocka_unit_test(test_the_script_is_asked_before_a_nudge),
        cmocka_unit_test(test_saying_nothing_counts),
        cmocka_unit_test(test_a_nudge_does_not_wait_for_the_script),
        cmocka_unit_test(test_a_caller_who_speaks_makes_the_question_void),
        cmocka_unit_test(test_a_hang_up_needs_no_nudge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
