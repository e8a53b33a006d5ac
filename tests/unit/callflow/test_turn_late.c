/* Waits are filled, late tools are answered for, and replies are short. */
#include "story.h"

#define L TURN_LISTENING
#define T TURN_THINKING
#define S TURN_SPEAKING

/* A turn was committed at 4500 ms after speech from 3000 to 4000 ms; the model was asked. */
static struct turn asked(void)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    turn.settings.early_ms = 0;
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {300, HEARD(AUDIO, .epoch = 1), S, ""},
        {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3500, HEARD(PARTIAL, .item = 1, WORDS(3)), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
    };
    TELL(&turn, rows);
    return turn;
}

/* And it asked for tools at 4900 ms, without a word. */
static struct turn working(void)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4900, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"}};
    TELL(&turn, rows);
    return turn;
}

/* ---- fillers ---- */

static void test_the_answer_ends_the_filler(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {5300, HEARD(TIME), T, "fill"},
        {5600, HEARD(PIECE, .epoch = 2), T, "speak"},
        {5700, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {5800, HEARD(AUDIO, .epoch = 2), S, "hush"},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_an_answer_after_the_filler_needs_no_hush(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {5300, HEARD(TIME), T, "fill"},
        {6200, HEARD(PLAYED, .epoch = 2), T, ""},
        {6400, HEARD(PIECE, .epoch = 2), T, "speak"},
        {6500, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
}

static void test_a_quick_answer_is_not_filled(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {5100, HEARD(PIECE, .epoch = 2), T, "speak"},
        {5290, HEARD(AUDIO, .epoch = 2), S, ""},
        {8000, HEARD(MODEL_DONE, .epoch = 2), S, "finish_segment"},
        {8200, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

/* Who hears was out of order, and the next one told the words: the caller has waited for as long. */
static void test_a_late_transcript_does_not_put_the_filler_off(void **state)
{
    for (unsigned late_ms = 0; late_ms <= 600; late_ms += 600) {
        struct turn turn;
        turn_init(&turn, &turn_defaults);
        const struct story_row rows[] = {
            {0, HEARD(STARTED, .flag = true), T, "greet"},
            {300, HEARD(AUDIO, .epoch = 1), S, ""},
            {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
            {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
            {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
            {4200, HEARD(COMMITTED, .item = 1), L, ""},
            {5400 + late_ms, HEARD(FINAL, .item = 1, WORDS(5)), T,
                late_ms ? "commit_turn fill" : "commit_turn"},
            {6000, HEARD(TIME), T, late_ms ? "" : "fill"},
        };
        TELL(&turn, rows);
    }
}

static void test_a_long_wait_is_filled_three_times(void **state)
{
    struct turn turn = working();
    turn.settings.tools_ms = 30000;
    const struct story_row rows[] = {
        {5300, HEARD(TIME), T, "fill"},
        {6300, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""},
        {10300, HEARD(TIME), T, "fill"},
        {11300, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""},
        {15300, HEARD(TIME), T, "fill"},
        {16300, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""},
        {34000, HEARD(TIME), T, "cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

/* The second round does not begin a wait of its own: the caller waits since the turn. */
static void test_tools_that_come_back_do_not_put_the_filler_off(void **state)
{
    struct turn turn = working();
    const struct story_row rows[] = {
        {5200, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"},
        {5300, HEARD(TIME), T, "fill"},
        {6300, HEARD(PLAYED, .epoch = 2), T, ""},
        {7100, HEARD(TIME), T, "cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

/* Whatever the model asks for again and again, without a word: the caller hears of it as soon as of one that says nothing. */
static void test_rounds_without_words_are_one_wait(void **state)
{
    struct turn turn = working();
    const struct story_row rows[] = {
        {4900, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"},
        {5300, HEARD(TIME), T, "fill"},
        {5500, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"},
        {5500, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"},
        {6200, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"},
        {6300, HEARD(PLAYED, .epoch = 2), T, ""},
        {6400, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"}, /* they took 200 ms */
        {7000, HEARD(TIME), T, "cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

/* What was heard meanwhile ends one wait and begins another. */
static void test_words_between_rounds_begin_the_wait_anew(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4800, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4900, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, "finish_segment run_tools"},
        {5000, HEARD(AUDIO, .epoch = 2), S, ""},
        {5100, HEARD(TOOLS_DONE, .epoch = 2), S, "start_model"},
        {7000, HEARD(PLAYED, .epoch = 2, .flag = true), T, ""},
        {7800, HEARD(TIME), T, "fill"},
        {9800, HEARD(TIME), T, "hush cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_the_caller_interrupts_a_filler(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {5300, HEARD(TIME), T, "fill"},
        {5580, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {5850, HEARD(TIME), L, "clear cancel_reply reopen_turn"},
    };
    TELL(&turn, rows);
}

static void test_no_filler_over_a_cough(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {5280, HEARD(SPEECH_STARTED, .lag_ms = 80), T, ""},
        {5480, HEARD(SPEECH_ENDED, .lag_ms = 200), T, "commit_speech"},
        {6080, HEARD(TIME), T, "fill"}, /* 800 ms after it */
    };
    TELL(&turn, rows);
}

static void test_a_draft_is_filled_only_after_its_commit(void **state)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {300, HEARD(AUDIO, .epoch = 1), S, ""},
        {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4240, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {4250, HEARD(TIME), T, "draft_turn"},
        {4500, HEARD(TIME), T, "commit_turn"},
        {5300, HEARD(TIME), T, "fill"},
    };
    TELL(&turn, rows);
}

static void test_a_tenant_without_fillers(void **state)
{
    struct turn turn = asked();
    turn_init(&turn, &turn.settings);
    turn.settings.fill_ms = 0;
    turn.settings.early_ms = 0;
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
        {6800, HEARD(TIME), T, "cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_a_late_nudge_or_greeting_is_not_filled(void **state)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {2000, HEARD(AUDIO, .epoch = 1), S, ""},
        {3000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
        {11000, HEARD(TIME), T, "nudge"},
        {13000, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
}

/* ---- late tools ---- */

static void test_late_tools_are_answered_for(void **state)
{
    struct turn turn = working();
    const struct story_row rows[] = {
        {5300, HEARD(TIME), T, "fill"},
        {6300, HEARD(PLAYED, .epoch = 2), T, ""},
        {6900, HEARD(TOOLS_DONE, .epoch = 2, .flag = true), T, "fail_open"},
        {7100, HEARD(AUDIO, .epoch = 2), S, ""},
        {9000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.failures, 0);
}

static void test_an_error_of_a_tool_goes_to_the_model(void **state)
{
    struct turn turn = working();
    const struct story_row rows[] = {{5200, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"}};
    TELL(&turn, rows);
}

/* ---- short replies ---- */

#define PIECE_ENDS(n) HEARD(PIECE, .epoch = 2, .sentences = (n))

static void test_two_sentences_are_enough(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4600, PIECE_ENDS(0), T, "speak"},
        {4650, PIECE_ENDS(1), T, "speak"},
        {4700, PIECE_ENDS(1), T, "speak end_text finish_segment"},
        {4710, PIECE_ENDS(1), T, ""},
        {4800, HEARD(AUDIO, .epoch = 2), S, ""},
        {5000, HEARD(MODEL_DONE, .epoch = 2), S, "finish_segment"},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_tools_that_come_behind_the_text_still_run(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4600, PIECE_ENDS(1), T, "speak"},
        {4700, PIECE_ENDS(1), T, "speak end_text finish_segment"},
        {4800, HEARD(AUDIO, .epoch = 2), S, ""},
        {5500, HEARD(MODEL_DONE, .epoch = 2, .flag = true), S, "finish_segment run_tools"},
        {5700, HEARD(TOOLS_DONE, .epoch = 2), S, "start_model"},
        {5900, PIECE_ENDS(1), S, "speak"}, /* a new round has its own two */
        {6000, PIECE_ENDS(1), S, "speak end_text finish_segment"},
    };
    TELL(&turn, rows);
}

/* A model that writes on is not waited for once its two sentences were heard. */
static void test_a_model_that_writes_on_is_left(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4600, PIECE_ENDS(1), T, "speak"},
        {4700, PIECE_ENDS(1), T, "speak end_text finish_segment"},
        {4800, HEARD(AUDIO, .epoch = 2), S, ""},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "end_model close_reply"},
        {8100, HEARD(MODEL_DONE, .epoch = 2, .flag = true), L, ""},
    };
    TELL(&turn, rows);
}

static void test_a_failure_behind_the_text_is_none(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4600, PIECE_ENDS(1), T, "speak"},
        {4700, PIECE_ENDS(1), T, "speak end_text finish_segment"},
        {4800, HEARD(AUDIO, .epoch = 2), S, ""},
        {5000, HEARD(MODEL_FAILED, .epoch = 2), S, "finish_segment"},
        {8000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_an_answer_that_asks_for_room_is_not_cut(void **state)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4600, HEARD(PIECE, .epoch = 2, .sentences = 1, .flag = true), T, "speak"},
        {4700, PIECE_ENDS(1), T, "speak"},
        {4750, PIECE_ENDS(1), T, "speak"},
        {4800, HEARD(AUDIO, .epoch = 2), S, ""},
        {4850, PIECE_ENDS(1), S, "speak"},
        {5000, HEARD(MODEL_DONE, .epoch = 2), S, "finish_segment"},
    };
    TELL(&turn, rows);
}

static void test_no_limit(void **state)
{
    struct turn turn = asked();
    turn.settings.max_sentences = 0;
    const struct story_row rows[] = {
        {4600, PIECE_ENDS(1), T, "speak"},
        {4700, PIECE_ENDS(1), T, "speak"},
        {4800, PIECE_ENDS(1), T, "speak"},
    };
    TELL(&turn, rows);
}

static void test_a_draft_counts_too(void **state)
{
    struct turn turn = asked();
    turn.is_draft = true;
    turn.speech_ended_ms = 4300; /* confirmed at 4800 */
    const struct story_row rows[] = {
        {4600, PIECE_ENDS(1), T, ""},
        {4650, PIECE_ENDS(1), T, "end_text finish_segment"},
        {4700, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, ""},
        {4800, HEARD(TIME), T, "commit_turn speak finish_segment run_tools"},
    };
    TELL(&turn, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_answer_ends_the_filler),
        cmocka_unit_test(test_an_answer_after_the_filler_needs_no_hush),
        cmocka_unit_test(test_a_quick_answer_is_not_filled),
        cmocka_unit_test(test_a_late_transcript_does_not_put_the_filler_off),
        cmocka_unit_test(test_a_long_wait_is_filled_three_times),
        cmocka_unit_test(test_tools_that_come_back_do_not_put_the_filler_off),
        cmocka_unit_test(test_rounds_without_words_are_one_wait),
        cmocka_unit_test(test_words_between_rounds_begin_the_wait_anew),
        cmocka_unit_test(test_the_caller_interrupts_a_filler),
        cmocka_unit_test(test_no_filler_over_a_cough),
        cmocka_unit_test(test_a_draft_is_filled_only_after_its_commit),
        cmocka_unit_test(test_a_tenant_without_fillers),
        cmocka_unit_test(test_a_late_nudge_or_greeting_is_not_filled),
        cmocka_unit_test(test_late_tools_are_answered_for),
        cmocka_unit_test(test_an_error_of_a_tool_goes_to_the_model),
        cmocka_unit_test(test_two_sentences_are_enough),
        cmocka_unit_test(test_tools_that_come_behind_the_text_still_run),
        cmocka_unit_test(test_a_model_that_writes_on_is_left),
        cmocka_unit_test(test_a_failure_behind_the_text_is_none),
        cmocka_unit_test(test_an_answer_that_asks_for_room_is_not_cut),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_a_draft_counts_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
