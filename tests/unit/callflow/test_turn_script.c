/* What a tenant's script may say about turns: rules of a phase, and whether a turn is over. */
#include "story.h"

#define L TURN_LISTENING
#define T TURN_THINKING
#define S TURN_SPEAKING

#define SAYS(what, number) HEARD(END_OF_TURN, .item = (number), .opinion = OPINION_##what)
#define HANGS(n) .words = {.count = (n), .is_hanging = true}

static const struct turn_rules phone_number = {.silence_ms = 900,
    .stall_ms = 600,
    .patience_ms = 900,
    .min_utterance_ms = 350,
    .max_utterance_ms = 8000};

/* Listening since 2000 ms; an utterance of 3000 to 4000 ms was committed to speech-to-text. */
static struct turn spoken(bool asks_script)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    turn.settings.asks_script = asks_script;
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

/* ---- rules of a phase ---- */

static void test_rules_hold_from_the_next_utterance_on(void **state)
{
    struct turn turn = spoken(false);
    const struct story_row rows[] = {
        {4210, HEARD(RULES, .rules = phone_number), L, ""},
        {4300, HEARD(FINAL, .item = 1, HANGS(5)), L, ""},
        {4900, HEARD(TIME), T, "commit_turn"}, /* 500 and 400, as it began */
        {4910, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {5000, HEARD(PIECE, .epoch = 2), T, "speak"},
        {5050, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {5100, HEARD(AUDIO, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), L, "close_reply"},
        {7080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {8200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {8200, HEARD(COMMITTED, .item = 2), L, ""},
        {8300, HEARD(FINAL, .item = 2, HANGS(5)), L, ""},
        {9800, HEARD(TIME), T, "commit_turn"}, /* 900 and 900 */
    };
    TELL(&turn, rows);
}

static void test_a_draft_waits_for_the_silence_of_the_phase(void **state)
{
    struct turn turn = spoken(false);
    turn.settings.silence_ms = 900;
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "draft_turn"},
        {4310, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4900, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

/* A silence that was wished for is not held against the model. */
static void test_a_long_silence_leaves_the_model_its_time(void **state)
{
    struct turn turn = spoken(false);
    turn.settings.silence_ms = 3000;
    turn.settings.early_ms = 0;
    turn.settings.fill_ms = 0;
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {7000, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 4000 + 2500 + turn_defaults.answer_ms);
}

/* ---- end_of_turn ---- */

static void test_nobody_is_asked_without_a_hook(void **state)
{
    struct turn turn = spoken(false);
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "draft_turn"},
        {4310, SAYS(MORE, 0), T, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_the_answer_comes_while_the_silence_passes(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4310, SAYS(DEFAULT, 1), T, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_end_commits_the_draft_at_once(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4310, SAYS(END, 1), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_end_wins_over_words_that_hang(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4240, HEARD(FINAL, .item = 1, HANGS(5)), L, ""},
        {4250, HEARD(TIME), L, "ask_end_of_turn"},
        {4265, SAYS(END, 1), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_more_waits_and_then_the_turn_ends_all_the_same(void **state)
{
    struct turn turn = spoken(true);
    turn.settings.fill_ms = 0;
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4310, SAYS(MORE, 1), T, ""}, {4320, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4400, HEARD(PIECE, .epoch = 2), T, ""},
        {6000, HEARD(TIME), T, "commit_turn speak"}, /* 2 s after the words */
    };
    TELL(&turn, rows);
    assert_int_equal(turn_deadline(&turn), 4000 + 1500 + turn_defaults.answer_ms);
}

static void test_more_is_asked_anew_when_the_caller_goes_on(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4310, SAYS(MORE, 1), T, ""},
        {5080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, "cancel_reply reopen_turn"},
        {5700, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {5700, HEARD(COMMITTED, .item = 2), L, ""},
        {5800, HEARD(FINAL, .item = 2, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {5805, SAYS(MORE, 1), T, ""}, /* of the first question */
        {5810, SAYS(END, 2), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

/* Where a final is awaited, the question comes just before its words are taken without it. */
static void test_a_late_final(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4580, HEARD(TIME), L, "ask_end_of_turn"},
        {4590, SAYS(MORE, 1), L, ""},
        {4800, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4815, SAYS(DEFAULT, 2), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_silence_of_the_script_is_no_answer(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4550, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4570, HEARD(TIME), T, "commit_turn"}, /* 20 ms: the numbers decide */
        {4580, SAYS(MORE, 1), T, ""},
    };
    TELL(&turn, rows);
}

static void test_an_answer_that_is_late_is_dropped(void **state)
{
    struct turn turn = spoken(true);
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), T, "ask_end_of_turn draft_turn"},
        {4321, SAYS(END, 1), T, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
}

static void test_noise_is_nobodys_turn(void **state)
{
    struct turn turn = spoken(true);
    turn.words = (struct turn_words){0};
    const struct story_row rows[] = {
        {4300, HEARD(FINAL, .item = 1), L, ""},
        {4500, HEARD(TIME), L, "discard_speech"},
    };
    TELL(&turn, rows);
}

/* ---- the script's own words ---- */

static void test_the_script_speaks_into_the_silence(void **state)
{
    struct turn turn = spoken(false);
    const struct story_row rows[] = {
        {4250, HEARD(SAY_ASKED), L, ""}, /* the caller's words come first */
        {4300, HEARD(FINAL, .item = 1), L, ""},
        {4500, HEARD(TIME), L, "discard_speech"},
        {4600, HEARD(SAY_ASKED), T, "say"},
        {4700, HEARD(HANGUP_ASKED), T, ""},
        {4800, HEARD(AUDIO, .epoch = 2), S, ""},
        {6000, HEARD(PLAYED, .epoch = 2, .flag = true), TURN_ENDING, "close_reply end_call"},
    };
    TELL(&turn, rows);
}

static void test_the_caller_may_have_the_first_word(void **state)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    const struct story_row rows[] = {
        {100, HEARD(LISTEN), L, ""},
        {200, HEARD(SAY_ASKED), T, "say"}, /* nobody speaks: the script may */
        {300, HEARD(AUDIO, .epoch = 1), S, ""},
        {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    turn_init(&turn, &turn_defaults);
    const struct story_row silent[] = {
        {100, HEARD(LISTEN), L, ""},
        {100 + turn_defaults.idle_ms, HEARD(TIME), T, "nudge"},
    };
    TELL(&turn, silent);
    turn_init(&turn, &turn_defaults);
    const struct story_row ended[] = {
        {100, HEARD(LISTEN), L, ""},
        {100, HEARD(HANGUP_ASKED), TURN_ENDING, "end_call"},
    };
    TELL(&turn, ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_hold_from_the_next_utterance_on),
        cmocka_unit_test(test_a_draft_waits_for_the_silence_of_the_phase),
        cmocka_unit_test(test_a_long_silence_leaves_the_model_its_time),
        cmocka_unit_test(test_nobody_is_asked_without_a_hook),
        cmocka_unit_test(test_the_answer_comes_while_the_silence_passes),
        cmocka_unit_test(test_end_commits_the_draft_at_once),
        cmocka_unit_test(test_end_wins_over_words_that_hang),
        cmocka_unit_test(test_more_waits_and_then_the_turn_ends_all_the_same),
        cmocka_unit_test(test_more_is_asked_anew_when_the_caller_goes_on),
        cmocka_unit_test(test_a_late_final),
        cmocka_unit_test(test_silence_of_the_script_is_no_answer),
        cmocka_unit_test(test_an_answer_that_is_late_is_dropped),
        cmocka_unit_test(test_noise_is_nobodys_turn),
        cmocka_unit_test(test_the_script_speaks_into_the_silence),
        cmocka_unit_test(test_the_caller_may_have_the_first_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
