/* A call that was held, held again: who remembers is asked, and told what is other now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "rehearsal/again.h"
#include "unit/rehearsal/studio.h"

/* What it was told, a line each; what it answers: rounds of the model in order, and one tool. */
struct memory {
    struct strbuf told;
    const char *answers[8];
    unsigned next;
    char prompt[512], messages[2048];
};

static void on_turn(void *owner, unsigned turn, const char *words)
{
    strbuf_printf(&((struct memory *)owner)->told, "turn %u: %s\n", turn, words);
}

static json_t *answer_model(void *owner, const struct again_question *question)
{
    struct memory *memory = owner;
    const char *answer = memory->answers[memory->next];
    snprintf(memory->prompt, sizeof memory->prompt, "%s", question->prompt);
    snprintf(memory->messages, sizeof memory->messages, "%s", question->messages);
    strbuf_printf(&memory->told, "asked %u.%u\n", question->turn, question->round);
    memory->next += answer != NULL;
    return answer ? json_loads(answer, 0, NULL) : json_pack("{s:s}", "say", "Nobody knows.");
}

static json_t *answer_tool(void *owner, unsigned turn, const char *name, const char *arguments)
{
    struct memory *memory = owner;
    bool is_known = strcmp(arguments, "{\"item\":\"rye\"}") == 0;
    strbuf_printf(&memory->told, "tool %s %s\n", name, arguments);
    return is_known ? json_pack("{s:s, s:s, s:{s:s}}", "result", "{\"price\":4}", "phase", "priced",
                          "state", "item", "rye")
                    : NULL;
}

static void on_refused(
    void *owner, unsigned turn, const char *name, const char *arguments, const char *result)
{
    strbuf_printf(&((struct memory *)owner)->told, "refused %s\n", name);
}

static json_t *answer_outside(
    void *owner, unsigned turn, const char *module, const char *function, const json_t *arguments)
{
    strbuf_printf(&((struct memory *)owner)->told, "outside %s.%s\n", module, function);
    return NULL;
}

static void on_said(void *owner, unsigned turn, const char *words)
{
    strbuf_printf(&((struct memory *)owner)->told, "said: %s\n", words);
}

static void on_hook(void *owner, unsigned turn, const char *name, const char *answer)
{
    if (strcmp(name, "end_of_turn") != 0)
        strbuf_printf(&((struct memory *)owner)->told, "hook %s %s\n", name, answer);
}

static void on_state(void *owner, unsigned turn, const char *phase, const char *state)
{
    if (state && strstr(state, "rye"))
        strbuf_printf(&((struct memory *)owner)->told, "state %s %s\n", phase, state);
}

static void on_trouble(void *owner, unsigned turn, const char *what)
{
    strbuf_printf(&((struct memory *)owner)->told, "trouble: %s\n", what);
}

static void on_end(void *owner, unsigned turn, const char *how)
{
    strbuf_printf(&((struct memory *)owner)->told, "end %s\n", how);
}

static const struct again_ops ops = {.on_turn = on_turn,
    .answer_model = answer_model,
    .answer_tool = answer_tool,
    .on_refused = on_refused,
    .answer_outside = answer_outside,
    .on_said = on_said,
    .on_hook = on_hook,
    .on_state = on_state,
    .on_trouble = on_trouble,
    .on_end = on_end};

static void hold(struct studio *studio, struct memory *memory, const char *steps)
{
    char text[2048], why[512] = "";
    snprintf(text, sizeof text,
        "{\"caller\":\"+15550100042\",\"now_ms\":1795000000000,\"steps\":[%s]}", steps);
    json_t *call = json_loads(text, 0, NULL);
    assert_non_null(call);
    strbuf_init(&memory->told, 65536);
    struct again_options options = {.scripts_path = studio->folder.path,
        .tenant_id = "bakery",
        .call = call,
        .ops = &ops,
        .owner = memory};
    enum err err = rehearse_again(&options, why);
    if (err)
        fail_msg("%s\n%s", why, memory->told.data);
    json_decref(call);
}

static void expect_told(const struct memory *memory, const char *part)
{
    if (!strstr(memory->told.data, part))
        fail_msg("\"%s\" is not in\n%s", part, memory->told.data);
}

static void words_tools_and_state_are_as_remembered(void **state)
{
    struct memory memory = {
        .answers = {"{\"say\":\"One "
                    "moment.\",\"tools\":[{\"tool\":\"lookup\",\"args\":{\"item\":\"rye\"}}]}",
            "{\"say\":\"Rye is four dollars.\"}", "{\"say\":\"Goodbye.\"}"}};
    hold(*state, &memory,
        "{\"say\":\"How much is rye?\"},{\"say\":\"Thank you, bye.\",\"after_ms\":700}");
    expect_told(&memory, "said: Bakery, good morning!\n");
    expect_told(&memory, "turn 1: How much is rye?\nasked 1.1\n");
    expect_told(&memory, "tool lookup {\"item\":\"rye\"}\nstate priced {\"item\":\"rye\"}\n");
    expect_told(&memory, "asked 1.2\n");
    expect_told(&memory, "said: Rye is four dollars.\n");
    expect_told(&memory, "turn 2: Thank you, bye.\n");
    expect_told(&memory, "end caller_hangup\n");
    assert_null(strstr(memory.told.data, "outside db")); /* no tool's code ran */
    assert_non_null(strstr(memory.prompt, "said Thank you, bye."));
    assert_non_null(strstr(memory.messages, "{\\\"price\\\":4}"));
    strbuf_free(&memory.told);
}

static void what_nobody_remembers_is_missing_and_the_call_goes_on(void **state)
{
    struct memory memory = {
        .answers = {"{\"tools\":[{\"tool\":\"lookup\",\"args\":{\"item\":\"spelt\"}}]}"}};
    hold(*state, &memory, "{\"say\":\"How much is spelt?\"},{\"say\":\"Thank you.\"}");
    expect_told(&memory, "tool lookup {\"item\":\"spelt\"}\n");
    expect_told(&memory, "said: Nobody knows.\n");
    expect_told(&memory, "turn 2: Thank you.\n");
    assert_non_null(strstr(memory.messages, "not recorded"));
    strbuf_free(&memory.told);
}

static void a_tool_that_is_no_more_is_refused_as_in_a_call(void **state)
{
    struct memory memory = {.answers = {"{\"tools\":[{\"tool\":\"bake\",\"args\":{}}]}"}};
    hold(*state, &memory, "{\"say\":\"Bake me a cake.\"}");
    expect_told(&memory, "refused bake\n");
    expect_told(&memory, "said: Nobody knows.\n");
    strbuf_free(&memory.told);
}

static void hooks_are_todays_and_a_call_that_ends_early_says_so(void **state)
{
    struct memory memory = {.answers = {"{\"say\":\"Sure.\"}"}};
    hold(*state, &memory, "{\"say\":\"Hello.\"},{\"press\":\"0\"},{\"say\":\"Anyone?\"}");
    expect_told(&memory, "hook on_dtmf true\n");
    expect_told(&memory, "end transferred\n");
    expect_told(&memory, "trouble: the call is over\n");
    strbuf_free(&memory.told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            words_tools_and_state_are_as_remembered, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            what_nobody_remembers_is_missing_and_the_call_goes_on, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_tool_that_is_no_more_is_refused_as_in_a_call, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            hooks_are_todays_and_a_call_that_ends_early_says_so, studio_setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
