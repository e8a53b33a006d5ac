/* Keys of the caller's telephone: words once the last of them came, and an end to what is being said. */
#include "story.h"

#define L TURN_LISTENING
#define T TURN_THINKING
#define S TURN_SPEAKING
#define I TURN_INTERRUPTED

/* Greeted, and listening since 2000 ms. */
static struct turn greeted(void)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    turn.settings.fill_ms = 0; /* test_turn_late.c */
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {300, HEARD(AUDIO, .epoch = 1), S, ""},
        {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    return turn;
}

/* The reply to keys of 3000 ms plays since 4000 ms and is complete. */
static struct turn answered(void)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3000, HEARD(KEY_TYPED, .flag = true), T, "commit_turn"},
        {3010, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {3500, HEARD(PIECE, .epoch = 2), T, "speak"},
        {3600, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {4000, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
    return turn;
}

static void test_a_pause_ends_an_entry(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3000, HEARD(KEY_TYPED), L, ""},
        {3400, HEARD(KEY_TYPED), L, ""},
        {5000, HEARD(KEY_TYPED), L, ""},
        {7000, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_the_last_key_ends_it_at_once(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3000, HEARD(KEY_TYPED), L, ""},
        {3400, HEARD(KEY_TYPED, .flag = true), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_keys_and_words_are_one_turn(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3900, HEARD(KEY_TYPED), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(3)), L, ""}, /* no draft while more keys may come */
        {5900, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_speech_goes_on_after_the_last_key(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3900, HEARD(KEY_TYPED, .flag = true), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(3)), L, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_keys_take_a_draft_back(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(3)), T, "draft_turn"},
        {4400, HEARD(KEY_TYPED), L, "cancel_reply reopen_turn"},
        {4700, HEARD(KEY_TYPED, .flag = true), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_typed_key_stops_the_reply(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(KEY_TYPED), L, "clear cancel_reply"},
        {5300, HEARD(KEY_TYPED, .flag = true), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_taken_key_stops_the_reply_and_is_no_turn(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {5050, HEARD(KEY_TAKEN), L, "clear cancel_reply"},
        {5300, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {5600, HEARD(TIME), L, "discard_speech"},
    };
    TELL(&turn, rows);
}

static void test_a_taken_key_leaves_an_answer_that_is_made_alone(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3000, HEARD(KEY_TYPED, .flag = true), T, "commit_turn"},
        {3100, HEARD(KEY_TAKEN), T, ""},
        {3110, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
    };
    TELL(&turn, rows);
}

static void test_who_may_not_interrupt_waits(void **state)
{
    struct turn turn = answered();
    turn.settings.barge_in = false;
    const struct story_row rows[] = {
        {5000, HEARD(KEY_TAKEN), S, ""},
        {5100, HEARD(KEY_TYPED), S, ""},
        {5300, HEARD(KEY_TYPED, .flag = true), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), T, "close_reply commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_notice_is_heard_to_its_end(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {4500, HEARD(PROTECTED, .epoch = 2, .flag = true), S, ""},
        {5000, HEARD(KEY_TAKEN), S, ""},
        {5100, HEARD(KEY_TYPED, .flag = true), S, ""},
        {5600, HEARD(PROTECTED, .epoch = 2), T, "clear cancel_reply commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_a_key_ends_a_pause(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(SPEECH_STARTED, .lag_ms = 80), I, "duck"},
        {5270, HEARD(TIME), TURN_PAUSED, "pause"},
        {5300, HEARD(KEY_TAKEN), L, "clear cancel_reply"},
    };
    TELL(&turn, rows);
}

static void test_a_key_breaks_the_silence(void **state)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {9000, HEARD(KEY_TAKEN), L, ""},
        {17000, HEARD(TIME), T, "nudge"},
    };
    TELL(&turn, rows);
}

static void test_a_taken_key_does_not_keep_who_is_told_goodbye(void **state)
{
    struct turn turn = answered();
    const struct story_row rows[] = {
        {5000, HEARD(HANGUP_ASKED), S, ""},
        {5500, HEARD(KEY_TAKEN), S, ""},
        {7000, HEARD(PLAYED, .epoch = 2, .flag = true), TURN_ENDING, "close_reply end_call"},
    };
    TELL(&turn, rows);
}

static void test_keys_before_the_call_has_begun_are_nothing(void **state)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    const struct story_row rows[] = {
        {10, HEARD(KEY_TYPED, .flag = true), L, ""},
        {20, HEARD(STARTED, .flag = true), T, "greet"},
    };
    TELL(&turn, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pause_ends_an_entry),
        cmocka_unit_test(test_the_last_key_ends_it_at_once),
        cmocka_unit_test(test_keys_and_words_are_one_turn),
        cmocka_unit_test(test_speech_goes_on_after_the_last_key),
        cmocka_unit_test(test_keys_take_a_draft_back),
        cmocka_unit_test(test_a_typed_key_stops_the_reply),
        cmocka_unit_test(test_a_taken_key_stops_the_reply_and_is_no_turn),
        cmocka_unit_test(test_a_taken_key_leaves_an_answer_that_is_made_alone),
        cmocka_unit_test(test_who_may_not_interrupt_waits),
        cmocka_unit_test(test_a_notice_is_heard_to_its_end),
        cmocka_unit_test(test_a_key_ends_a_pause),
        cmocka_unit_test(test_a_key_breaks_the_silence),
        cmocka_unit_test(test_a_taken_key_does_not_keep_who_is_told_goodbye),
        cmocka_unit_test(test_keys_before_the_call_has_begun_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
