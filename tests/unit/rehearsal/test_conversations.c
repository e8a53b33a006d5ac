/* Conversations that hold, and what is said of those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "unit/rehearsal/studio.h"

#define TALK(steps) "{ name = 'talk', now = '2026-11-27T10:00',\n" steps "\n}"

static void each_thing_that_can_be_done_and_expected(void **state)
{
    static const char *const conversations[] = {
        TALK("{ expect_say = 'good MORNING' }, { absent = 'evening' }"),
        TALK("{ say = 'Hello there', model = 'Hello. What will it be?' },"
             "{ expect_words = { 'hello', 'will it be' }, within_ms = 2500 },"
             "{ expect_prompt = { 'Now 10:00', 'said Hello there' } },"
             "{ expect_pattern = 'W%a+ will' }, { absent_tool = 'lookup' }, { expect_outcome = "
             "'answered' }"),
        /* in one step; two sentences are spoken, not the third */
        TALK("{ say = 'Hello there', model = 'One. Two. Three.', expect_words = 'two', absent = "
             "'three' }"),
        TALK("{ say = 'Hello there', model = '[long] One. Two. Three.', expect_words = 'three' }"),
        TALK("{ press = '1', model = 'From six to noon.', expect_words = 'noon' },"
             "{ expect_prompt = 'said What are your hours?' }"),
        TALK("{ press = '2', expect_words = 'pressed two' }"),
        TALK("{ press = '0', expect_transfer = '+15550100099', expect_outcome = 'transferred' }"),
        TALK("{ press = '55#', model = 'Fifty-five.', expect_prompt = 'said [keypad] 55' }"),
        TALK("{ silence_ms = 9000, expect_words = 'still there' }"),
        TALK("{ silence_ms = 60000, expect_hangup = true, expect_outcome = 'abandoned' }"),
        TALK("{ expect_hangup = false }"),
        /* the model's first words where there is a greeting are nobody's */
        TALK("{ say = 'Hello there', model = { fail = true } }, { absent = 'hello' }"),
    };
    for (size_t i = 0; i < sizeof conversations / sizeof *conversations; i++)
        studio_holds(*state, conversations[i]);
}

static void an_interruption_cuts_what_was_not_heard(void **state)
{
    struct studio *studio = *state;
    studio_holds(studio, TALK("{ say = 'What do you have', model = '[long] We have bread and "
                              "rolls. We have cakes of all kinds. And pies.' },"
                              "{ interrupt = 'Stop it please', after_ms = 1500, model = 'Sure.' },"
                              "{ expect_words = 'sure' }, { absent = 'pies' }"));
    assert_non_null(strstr(studio->transcript, "not heard: "));
    studio_holds(
        studio, TALK("{ say = 'Where are you', model = 'We are at the corner of Main Street.' },"
                     "{ noise_ms = 150, interrupt = true, after_ms = 500 },"
                     "{ expect_words = '' }"));
    assert_null(strstr(studio->transcript, "not heard: "));
    studio_fails(
        studio, TALK("{ interrupt = 'hey', after_ms = 60000 }"), "interrupted 60000 ms later");
}

static void a_script_decides_the_end_of_a_turn(void **state)
{
    struct studio *studio = *state;
    studio_holds(studio, TALK("{ say = 'I want bread', model = 'Sure thing.', expect_words = "
                              "'sure', within_ms = 1200 }"));
    uint64_t usual_ms = studio->virtual_ms;
    studio_holds(
        studio, TALK("{ say = 'wait for it', model = 'Sure thing.', expect_words = 'sure' }"));
    assert_true(studio->virtual_ms > usual_ms + 1000);
    studio_fails(studio,
        TALK("{ say = 'wait for it', model = 'Sure thing.', expect_words = 'sure', within_ms = "
             "1200 }"),
        "expected the agent to say sure within 1200 ms, got: ");
}

static void failures_say_where_what_was_expected_and_what_came(void **state)
{
    static const struct {
        const char *conversation;
        const char *part;
    } cases[] = {
        {TALK("{ expect_say = 'evening' }"), "agent_test.lua:3: talk: expected the agent to say "
                                             "evening, got: Bakery, good morning!"},
        {TALK("{ expect_say = 'good' },\n{ say = 'Hello you',\n model = 'Well.' },\n{ absent = "
              "'well' }"),
            "agent_test.lua:6: talk: expected the agent not to say well"},
        {TALK("{ say = 'Hello you', model = 'Well.' },\n{ expect_tool = 'lookup', args = { item = "
              "'roll' }, within_ms = 500 }"),
            "agent_test.lua:4: talk: expected the tool lookup with args {\"item\":\"roll\"} within "
            "500 ms, got: no tool was called"},
        {TALK("{ say = 'Hello you', model = 'Well.', expect_outcome = 'booked' }"),
            "the outcome booked, got: answered"},
        {TALK("{ say = 'Hello you' }"), "the model is asked, and this step has no answer for it"},
        {TALK("{ say = 'Hello you', model = { 'One.', 'Two.' } }"),
            "1 of its answers is left over"},
        {TALK("{ expect_words = 'good' },\n{ sya = 'x' }"),
            "agent_test.lua:4: talk: 'sya' is nothing a step can have"},
        {TALK("{ silence_ms = 'long' }"), "silence_ms must be a number of milliseconds"},
        {TALK("{ press = 'x' }"), "'x' is no key"},
        {TALK("'hello'"), "step 1 is a string"},
        {"{ name = 'a', say = 'x' }", "agent_test.lua:2: a conversation has name, caller"},
        {"{ name = 'a', stubs = { datbase = {} } }", "there is no module 'datbase'"},
        {"{ name = 'a', now = 'tomorrow' }", "now is \"tomorrow\""},
        {"{ { say = 'x' } }", "conversation 1 has no name"},
        {"{ name = 'a', { say = print } }", "'print' is not defined"},
        {"{ name = 'a', { say = function() end } }", "step 1"},
        {TALK("{ say = 'Hello you', model = 'Well.', expect_pattern = '[a' }"),
            "what fits the pattern [a, got: malformed pattern"},
        {TALK("{ say = 'Hello you', model = { tool = 5 } }"), "tool must be the name of one"},
        {TALK("{ say = 'Hello you', model = { tools = { { args = {} } } } }"),
            "tool must be the name of one"},
        {TALK("{ expect_words = true }"), "expect_words must be a text, or a list of texts"},
        {TALK("{ expect_words = {} }"), "expect_words must be a text, or a list of texts"},
        {TALK("{ absent = { 'a', 1 } }"), "absent must be a text, or a list of texts"},
        {TALK("{ expect_transfer = false }"), "expect_transfer must be a text, or true"},
        {TALK("{ expect_hangup = true }"), "the agent to hang up"},
        {TALK("{ press = '0' }, { say = 'Hello you' }"), "the call is over"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        studio_fails(*state, cases[i].conversation, cases[i].part);
}

static void a_recording_is_played_back_in_order(void **state)
{
    struct studio *studio = *state;
    studio_write(studio, "recordings/talk.json",
        "[{\"say\":\"First.\"},{\"say\":\"\",\"tools\":[{\"tool\":\"lookup\",\"args\":{\"item\":"
        "\"roll\"}}]},{\"say\":\"Second.\"}]");
    studio_holds(studio,
        "{ name = 'r', recorded = 'recordings/talk.json', stubs = { db = { rows = {} } },\n"
        "{ say = 'Hello you', expect_words = 'first' },\n"
        "{ say = 'A roll please', expect_tool = 'lookup', expect_words = 'second' } }");
    studio_fails(studio, "{ name = 'r', recorded = '../../x.json' }", "recorded: ");
    studio_write(studio, "recordings/talk.json", "nothing");
    studio_fails(studio, "{ name = 'r', recorded = 'recordings/talk.json' }",
        "recordings/talk.json:1: not a list");
}

static void conversations_do_not_know_of_each_other(void **state)
{
    studio_holds(*state, "{ name = 'one', stubs = { db = { rows = {} } },\n"
                         "  { say = 'A roll please', model = { { tool = 'lookup', args = { item = "
                         "'roll' } }, 'Fine.' } },\n"
                         "  { expect_state = { item = 'roll' }, expect_phase = 'priced' } },\n"
                         "{ name = 'two', { say = 'Hello you', model = 'Hi.' }, { expect_state = "
                         "{}, expect_phase = '' } }");
}

#define REPAIRS(first, second)                                                                     \
    "{ name = 'r', stubs = { db = { rows = {} } },\n"                                              \
    "{ say = 'A roll please', model = { { tool = 'lookup', args = " first " },"                    \
    " { tool = 'lookup', args = " second " }, 'Here.' }, expect_words = 'here' }"

static void a_model_that_asks_wrongly_is_told_and_asks_better(void **state)
{
    static const struct {
        const char *conversation;
        const char *told;
    } rows[] = {
        {REPAIRS("{ item = 7 }", "{ item = 'roll' }") ", { expect_state = { item = 'roll' } } }",
            "item: must be a string"},
        {REPAIRS("'{\"item\": '", "{ item = 'roll' }") ", { expect_state = { item = 'roll' } } }",
            "arguments must be a JSON object: "},
        {REPAIRS("'[]'", "{}") ", { expect_state = {} } }", "item: is missing"},
    };
    struct studio *studio = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        studio_holds(studio, rows[i].conversation);
        if (!strstr(studio->transcript, rows[i].told))
            fail_msg("%s in %s", rows[i].told, studio->transcript);
    }
}

static void a_notice_is_heard_to_its_end(void **state)
{
    struct studio *studio = *state;
    studio_write(studio, "agent.lua",
        "return { name = 'N', numbers = { '+15550100005' }, greeting_interruptible = false,\n"
        "greeting = 'This call is recorded for your safety. How can I help?',\n"
        "prompt = function() return 'p' end }");
    studio_holds(studio, TALK("{ interrupt = 'Hello, I have a question', model = 'Which one?' },"
                              "{ expect_words = { 'How can I help', 'Which one' } }"));
    assert_null(strstr(studio->transcript, "not heard: "));
}

/* What scripts/types/agent_test.lua declares of a step is known. */
static void the_declared_fields_are_known(void **state)
{
    char line[512], conversation[128];
    bool is_step = false;
    unsigned count = 0;
    FILE *in = fopen(SOURCE_DIR "/scripts/types/agent_test.lua", "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in)) {
        is_step =
            strncmp(line, "---@class", 9) == 0 ? strstr(line, "ConversationStep") != NULL : is_step;
        if (!is_step || strncmp(line, "---@field ", 10) != 0)
            continue;
        snprintf(conversation, sizeof conversation, "{ name = 'a', { %.*s = {} } }",
            (int)strcspn(line + 10, "? "), line + 10);
        studio_hold(*state, conversation);
        assert_null(strstr(((struct studio *)*state)->why, "is nothing a step can have"));
        count++;
    }
    fclose(in);
    assert_int_equal(count, 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            each_thing_that_can_be_done_and_expected, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            an_interruption_cuts_what_was_not_heard, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_script_decides_the_end_of_a_turn, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            failures_say_where_what_was_expected_and_what_came, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_recording_is_played_back_in_order, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            the_declared_fields_are_known, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_notice_is_heard_to_its_end, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_model_that_asks_wrongly_is_told_and_asks_better, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            conversations_do_not_know_of_each_other, studio_setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
