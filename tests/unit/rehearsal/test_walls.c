/* Test files and agents that misbehave: the rehearsal ends, in bounded time, and says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "unit/rehearsal/studio.h"

#define AGENT_WITH(fields)                                                                         \
    "return { name = 'B', numbers = { '+15550100005' }, greeting = 'Hi.', prompt = function() "    \
    "return 'p' end,\n" fields "}"

static void a_file_that_does_not_load(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } files[] = {
        {"return {", "agent_test.lua:1: "},
        {"\nwhile true do end", "agent_test.lua:2: took too much time"},
        {"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "4 MiB"},
        {"return 1", "agent_test.lua:1: must return a list"},
        {"x = 1 return {}", "would be a global"},
        {"return { require('tools.nothing') }", "agent_test.lua:1: "},
        {"return db.query('x')", "cannot wait while the version is loaded"},
    };
    struct studio *studio = *state;
    struct rehearsal_options options = {.scripts_path = studio->folder.path, .tenant_id = "bakery"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char why[512] = "";
        studio_write(studio, "agent_test.lua", files[i].text);
        assert_int_equal(rehearse(&studio->sum, &options, why), ERR_BAD);
        if (!strstr(why, files[i].part))
            print_message("%s → %s\n", files[i].text, why);
        assert_non_null(strstr(why, files[i].part));
    }
}

/* A metatable is nothing that could run while a conversation is read. */
static void a_conversation_whose_fields_never_end(void **state)
{
    studio_holds(*state, "setmetatable({ name = 'a', { expect_words = 'good morning' } }, { __index = "
                         "function() while true do "
                         "end end })");
}

static void a_version_that_does_not_load(void **state)
{
    studio_write(*state, "agent.lua", "return {\n  numbers = 5 }");
    studio_fails(*state, "{ name = 'a' }", "agent.lua:");
}

static void a_tenant_without_tests(void **state)
{
    struct studio *studio = *state;
    char why[512];
    struct rehearsal_options options = {.scripts_path = studio->folder.path, .tenant_id = "bakery"};
    assert_int_equal(rehearse(&studio->sum, &options, why), ERR_OK);
    assert_false(studio->sum.has_tests);
}

static void loops_end_alone(void **state)
{
    static const struct {
        const char *agent;
        const char *conversation;
        const char *part;
    } cases[] = {
        {AGENT_WITH("on_dtmf = function() while true do end end"),
            "{ name = 'a', { press = '1' } }",
            "the hook on_dtmf failed: agent.lua:2: took too much time"},
        {AGENT_WITH("end_of_turn = function() error('no') end"),
            "{ name = 'a', { say = 'Hello you', model = 'Hi.' } }",
            "the hook end_of_turn failed: agent.lua:2: no"},
        {AGENT_WITH("tools = { { name = 't', description = 'd', parameters = { type = 'object', "
                    "properties = {} },\n"
                    "timeout_ms = 1000, run = function() while true do end end } }"),
            "{ name = 'a', { say = 'Hello you', model = { { tool = 't' }, 'Oh.' }, expect_tool = "
            "'t', result = { ok = true } } }",
            "{\\\"error\\\":\\\"out_of_time\\\"}"},
        {AGENT_WITH(""),
            "{ name = 'a', stubs = { db = function() while true do end end }, { say = 'Hello you', "
            "model = 'Hi.', expect_words = 'ho' } }",
            "got: Hi."},
    };
    struct studio *studio = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        studio_write(studio, "agent.lua", cases[i].agent);
        studio_hold(studio, cases[i].conversation);
        bool is_there = strstr(studio->why, cases[i].part) || strstr(studio->why, "out_of_time");
        if (!is_there)
            print_message("%s\n→ %s\n", cases[i].conversation, studio->why);
        assert_true(is_there);
    }
}

static void all_of_them_have_so_much_time(void **state)
{
    struct studio *studio = *state;
    char why[512] = "";
    studio_write(studio, "agent_test.lua",
        "return { { name = 'a' }, { name = 'b', { silence_ms = 600000 } } }");
    struct rehearsal_options options = {
        .scripts_path = studio->folder.path, .tenant_id = "bakery", .cpu_ms = 1};
    assert_int_equal(rehearse(&studio->sum, &options, why), ERR_BAD);
    assert_non_null(strstr(why, "the tests took too much time"));
}

static void whoever_stops_it_stops_it(void **state)
{
    struct studio *studio = *state;
    char why[512] = "";
    atomic_bool is_stopped = true;
    studio_write(studio, "agent_test.lua", "return { { name = 'a' } }");
    struct rehearsal_options options = {
        .scripts_path = studio->folder.path, .tenant_id = "bakery", .is_stopped = &is_stopped};
    assert_int_equal(rehearse(&studio->sum, &options, why), ERR_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_that_does_not_load, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_conversation_whose_fields_never_end, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_version_that_does_not_load, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(a_tenant_without_tests, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(loops_end_alone, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            all_of_them_have_so_much_time, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(whoever_stops_it_stops_it, studio_setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
