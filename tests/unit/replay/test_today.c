/* A talk against scripts: the same ones say the same again, others are told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/talk_diff.h"
#include "replay/today.h"
#include "unit/rehearsal/studio.h"

static const char SEED[] =
    "{\"caller\":\"+15550100042\",\"called\":\"+15550100005\",\"now_ms\":1795000000000,\"turns\":["
    "{\"turn\":0,\"words\":\"\"},"
    "{\"turn\":1,\"words\":\"How much is rye?\",\"began_ms\":3000,\"ended_ms\":4000,\"gap_ms\":700,"
    "\"rounds\":[{\"messages\":[],\"tools\":[],\"say\":\"One moment.\","
    "\"calls\":[{\"tool\":\"lookup\",\"args\":{\"item\":\"rye\"}}]},"
    "{\"messages\":[],\"tools\":[],\"say\":\"Rye is four dollars.\",\"calls\":[]}],"
    "\"tools\":[{\"name\":\"lookup\",\"arguments\":\"{\\\"item\\\": \\\"rye\\\"}\","
    "\"result\":\"{\\\"price\\\":4}\",\"phase\":\"priced\",\"state\":{\"item\":\"rye\"}}]},"
    "{\"turn\":2,\"words\":\"Thank you, bye.\",\"began_ms\":8000,\"ended_ms\":9000,\"gap_ms\":900,"
    "\"rounds\":[{\"messages\":[],\"tools\":[],\"say\":\"Goodbye!\",\"calls\":[]}]}]}";

static const char *const of_caller[] = {"began_ms", "ended_ms", "gap_ms", "over_ms", "keys"};

static json_t *hold(const struct studio *studio, const json_t *was)
{
    char why[512] = "";
    json_t *now = NULL;
    struct today_options options = {.scripts_path = studio->folder.path, .tenant_id = "bakery"};
    if (today_hold(&now, was, &options, why))
        fail_msg("%s", why);
    return now;
}

/* A recorded talk: what these scripts come to, with the seed's answers. */
static json_t *record_talk(const struct studio *studio)
{
    size_t i;
    json_t *turn;
    json_t *seed = json_loads(SEED, 0, NULL);
    json_t *was = hold(studio, seed);
    json_array_foreach(json_object_get(was, "turns"), i, turn)
    {
        const json_t *from = json_array_get(json_object_get(seed, "turns"), i);
        for (size_t n = 0; n < sizeof of_caller / sizeof *of_caller; n++)
            json_object_set(turn, of_caller[n], json_object_get(from, of_caller[n]));
    }
    json_object_set(was, "caller", json_object_get(seed, "caller"));
    json_object_set(was, "called", json_object_get(seed, "called"));
    json_object_set(was, "now_ms", json_object_get(seed, "now_ms"));
    /* as capture has them */
    json_t *tools = json_object_get(json_array_get(json_object_get(was, "turns"), 1), "tools");
    json_object_set_new(json_array_get(tools, 0), "phase", json_string("priced"));
    json_object_set_new(json_array_get(tools, 0), "state", json_pack("{s:s}", "item", "rye"));
    json_decref(seed);
    return was;
}

static void expect_diff(
    const json_t *was, const json_t *now, unsigned differ, const char *const *parts)
{
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    json_t *diff = talk_diff(was, now);
    talk_diff_print(&out, diff);
    if (talk_diff_count(diff) != differ)
        fail_msg("%u turns differ\n%s", talk_diff_count(diff), out.data);
    for (; *parts; parts++)
        if (!strstr(out.data, *parts))
            fail_msg("\"%s\" is not in\n%s", *parts, out.data);
    json_decref(diff);
    strbuf_free(&out);
}
#define EXPECT_DIFF(was, now, differ, ...)                                                         \
    expect_diff((was), (now), (differ), (const char *const[]){__VA_ARGS__, NULL})

/* Changes the agent on disk. */
static void change(struct studio *studio, const char *from, const char *to)
{
    char path[256], *text = calloc(1, 65536);
    snprintf(path, sizeof path, "%s/tenants/bakery/agent.lua", studio->folder.path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, 32768, file);
    fclose(file);
    char *at = strstr(text, from);
    if (!at)
        fail_msg("\"%s\" is not in the agent", from);
    memmove(at + strlen(to), at + strlen(from), len - (size_t)(at - text) - strlen(from) + 1);
    memcpy(at, to, strlen(to));
    studio_write(studio, "agent.lua", text);
    free(text);
}

static void the_same_scripts_say_the_same(void **state)
{
    json_t *was = record_talk(*state), *now = hold(*state, was);
    const json_t *turn = json_array_get(json_object_get(now, "turns"), 1);
    EXPECT_DIFF(was, now, 0, "turn 1  How much is rye?\n  as it was", "0 of 3 turns differ");
    assert_int_equal(json_array_size(json_object_get(turn, "rounds")), 2);
    assert_string_equal(json_string_value(json_object_get(turn, "phase")), "priced");
    json_decref(was);
    json_decref(now);
}

static void of_a_reply_that_was_cut_any_beginning_is_the_same(void **state)
{
    json_t *was = record_talk(*state), *now = hold(*state, was);
    json_t *turn = json_array_get(json_object_get(was, "turns"), 2);
    json_object_set_new(turn, "said", json_pack("[s]", "Good"));
    EXPECT_DIFF(was, now, 1, "  said\n    - Good\n");
    json_object_set_new(turn, "is_cut", json_true());
    EXPECT_DIFF(was, now, 0, "0 of 3 turns differ");
    json_object_set_new(turn, "said", json_pack("[s]", "Bad"));
    EXPECT_DIFF(was, now, 1, "  said\n    - Bad\n");
    json_decref(was);
    json_decref(now);
}

static void another_prompt_is_told_line_by_line(void **state)
{
    json_t *was = record_talk(*state);
    change(*state, "return 'Now ' ..", "return 'Be brief.\\nNow ' ..");
    json_t *now = hold(*state, was);
    EXPECT_DIFF(was, now, 2, "  prompt\n    + Be brief.\n", "0 diverged");
    json_decref(was);
    json_decref(now);
}

static void another_greeting_is_said(void **state)
{
    json_t *was = record_talk(*state);
    change(*state, "Bakery, good morning!", "Bakery, hello!");
    json_t *now = hold(*state, was);
    EXPECT_DIFF(was, now, 1,
        "turn 0  (the agent's first word)\n  said\n    - Bakery, good morning!\n    + Bakery, "
        "hello!");
    json_decref(was);
    json_decref(now);
}

static void a_tool_that_went_diverges_and_the_call_goes_on(void **state)
{
    json_t *was = record_talk(*state);
    change(*state, "name = 'lookup'", "name = 'find_price'");
    json_t *now = hold(*state, was);
    EXPECT_DIFF(was, now, 2, "  DIVERGED  today's scripts refuse the recorded call of lookup",
        "  tools offered\n", "1 diverged", "    - item = \"rye\"");
    json_decref(was);
    json_decref(now);
}

static void a_script_that_answers_itself_needs_no_model(void **state)
{
    json_t *was = record_talk(*state);
    change(*state, "  on_dtmf =",
        "  on_user_turn = function(call, words)\n"
        "    if words:lower():find('rye') then return 'We sold out of rye.' end\n"
        "  end,\n"
        "  on_dtmf =");
    json_t *now = hold(*state, was);
    EXPECT_DIFF(was, now, 2, "  hooks\n    + on_user_turn → \"We sold out of rye.\"",
        "    + We sold out of rye.", "    - lookup {\"item\":\"rye\"} → {\"price\":4}");
    json_decref(was);
    json_decref(now);
}

static void scripts_that_do_not_load_say_where(void **state)
{
    char why[512] = "";
    json_t *now = NULL, *was = json_loads(SEED, 0, NULL);
    struct studio *studio = *state;
    struct today_options options = {.scripts_path = studio->folder.path, .tenant_id = "bakery"};
    studio_write(studio, "agent.lua", "return {\n  name = \n}");
    assert_int_equal(today_hold(&now, was, &options, why), ERR_BAD);
    assert_non_null(strstr(why, "agent.lua:3"));
    json_array_clear(json_object_get(was, "turns"));
    assert_int_equal(today_hold(&now, was, &options, why), ERR_BAD);
    assert_non_null(strstr(why, "no words of a caller"));
    json_decref(was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_same_scripts_say_the_same, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            of_a_reply_that_was_cut_any_beginning_is_the_same, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            another_prompt_is_told_line_by_line, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(another_greeting_is_said, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_tool_that_went_diverges_and_the_call_goes_on, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_script_that_answers_itself_needs_no_model, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            scripts_that_do_not_load_say_where, studio_setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
