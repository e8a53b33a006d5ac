/* The model begins before the turn is certain: nothing is spoken and no tool runs until it is. */
#include "story.h"

#define L TURN_LISTENING
#define T TURN_THINKING
#define S TURN_SPEAKING
#define E TURN_ENDING

/* Listening since 2000 ms; an utterance of 3000 to 4000 ms was committed to speech-to-text. */
static struct turn spoken(void)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {300, HEARD(AUDIO, .epoch = 1), S, ""},
        {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3500, HEARD(PARTIAL, .item = 1, WORDS(3)), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
    };
    TELL(&turn, rows);
    return turn;
}

/* The draft of 4300 has a model that streams. */
static struct turn drafted(void)
{
    struct turn turn = spoken();
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "draft_turn"},
        {4310, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
    };
    TELL(&turn, rows);
    return turn;
}

static void test_pieces_wait_for_the_commit(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4400, HEARD(PIECE, .epoch = 2), T, ""},
        {4450, HEARD(PIECE, .epoch = 2), T, ""},
        {4500, HEARD(TIME), T, "commit_turn speak"},
        {4550, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4580, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4600, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
}

static void test_a_model_done_early_ends_its_round_at_the_commit(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4400, HEARD(PIECE, .epoch = 2), T, ""},
        {4450, HEARD(MODEL_DONE, .epoch = 2), T, ""},
        {4500, HEARD(TIME), T, "commit_turn speak finish_segment"},
        {4600, HEARD(AUDIO, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
}

static void test_tools_wait_for_the_commit(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4450, HEARD(MODEL_DONE, .epoch = 2, .flag = true), T, ""},
        {4500, HEARD(TIME), T, "commit_turn finish_segment run_tools"},
        {4700, HEARD(TOOLS_DONE, .epoch = 2), T, "start_model"},
    };
    TELL(&turn, rows);
}

static void test_the_caller_goes_on(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4400, HEARD(PIECE, .epoch = 2), T, ""},
        {4480, HEARD(SPEECH_STARTED, .lag_ms = 80), L, "cancel_reply reopen_turn"},
        {4490, HEARD(PIECE, .epoch = 2), L, ""},
        {5200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {5200, HEARD(COMMITTED, .item = 2), L, ""},
        {5290, HEARD(FINAL, .item = 2, WORDS(4)), T, "draft_turn"},
        {5500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn.epoch, 3);
}

static void test_a_cough_after_it_changes_nothing(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4480, HEARD(SPEECH_STARTED, .lag_ms = 80), L, "cancel_reply reopen_turn"},
        {4700, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4700, HEARD(COMMITTED, .item = 2), L, ""},
        {4800, HEARD(FINAL, .item = 2), T, "draft_turn"},
        {5000, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_words_that_hang_are_waited_for(void **state)
{
    struct turn turn = spoken();
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, .words = {.count = 4, .is_hanging = true}), L, ""},
        {4900, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_without_a_final_there_is_no_draft(void **state)
{
    struct turn turn = spoken();
    const struct story_row rows[] = {
        {4600, HEARD(TIME), T, "commit_turn"}, /* stall_ms after the end of the speech */
    };
    TELL(&turn, rows);
}

static void test_a_final_after_the_silence_commits_at_once(void **state)
{
    struct turn turn = spoken();
    const struct story_row rows[] = {
        {4550, HEARD(FINAL, .item = 1, WORDS(5)), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_failed_draft_is_tried_again_at_the_commit(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4400, HEARD(MODEL_FAILED, .epoch = 2), L, "cancel_reply reopen_turn"},
        {4500, HEARD(TIME), T, "commit_turn"},
        {4510, HEARD(PROMPT_READY, .epoch = 3), T, "start_model"},
        {4600, HEARD(MODEL_FAILED, .epoch = 3), T, "cancel_reply apologise"},
    };
    TELL(&turn, rows);
}

static void test_a_hang_up_keeps_the_words(void **state)
{
    struct turn turn = drafted();
    const struct story_row rows[] = {
        {4400, HEARD(STREAM_ENDED), E, "commit_turn cancel_reply end_call"},
    };
    TELL(&turn, rows);
}

static void test_off(void **state)
{
    struct turn turn = spoken();
    turn.settings.early_ms = 0;
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_wait_for_the_commit),
        cmocka_unit_test(test_a_model_done_early_ends_its_round_at_the_commit),
        cmocka_unit_test(test_tools_wait_for_the_commit),
        cmocka_unit_test(test_the_caller_goes_on),
        cmocka_unit_test(test_a_cough_after_it_changes_nothing),
        cmocka_unit_test(test_words_that_hang_are_waited_for),
        cmocka_unit_test(test_without_a_final_there_is_no_draft),
        cmocka_unit_test(test_a_final_after_the_silence_commits_at_once),
        cmocka_unit_test(test_a_failed_draft_is_tried_again_at_the_commit),
        cmocka_unit_test(test_a_hang_up_keeps_the_words),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
