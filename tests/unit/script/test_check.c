/* What `moonline check` says of scripts: each kind of fault with its file and line, and nothing of good ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/check.h"
#include "script/sandbox.h"
#include "unit/script/scripts_folder.h"

#define GOOD(fields)                                                                               \
    "return { name = 'A', numbers = { '+15550100002' }, prompt = function() return 'p' "           \
    "end,\n" fields " }\n"
#define TOOL(parameters)                                                                           \
    "return { name = 't', description = 'd', run = function() end, parameters = {\n"               \
    "type = 'object', " parameters " } }\n"

struct world {
    struct scripts_folder folder;
    struct findings findings;
    struct check_counts counts;
    const struct deprecated_name *deprecated;
};

/* time.now, time.at: enough of a library. */
static void install(lua_State *lua, void *owner)
{
    lua_newtable(lua);
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, "now");
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, "at");
    sandbox_give(lua, "time");
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    world->deprecated = deprecated_names;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    findings_free(&world->findings);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void agent_is(struct world *world, const char *tenant_id, const char *agent_lua)
{
    char name[128];
    snprintf(name, sizeof name, "tenants/%s/agent.lua", tenant_id);
    folder_write(&world->folder, name, agent_lua);
}

static bool has_provider(void *owner, const char *slot, const char *name)
{
    return strcmp(slot, "think") == 0 && strcmp(name, "openai") == 0;
}

static void check(struct world *world, const char *tenant_id)
{
    findings_free(&world->findings);
    struct check_options options = {.scripts_path = world->folder.path,
        .tenant_id = tenant_id,
        .lua_library = {install, world},
        .deprecated = world->deprecated,
        .has_provider = has_provider};
    assert_int_equal(check_scripts(&world->findings, &world->counts, &options), ERR_OK);
}

/* Lines "file:line: level: text", all of them. */
static void expect(struct world *world, const char *expected)
{
    char all[8192] = "";
    size_t len = 0;
    for (size_t i = 0; i < world->findings.count; i++) {
        const struct finding *finding = &world->findings.items[i];
        len += (size_t)snprintf(all + len, sizeof all - len, "%s:%u: %s: %s\n", finding->file,
            finding->line, finding->level == FINDING_ERROR ? "error" : "warning", finding->text);
        assert_true(len < sizeof all);
    }
    assert_string_equal(all, expected);
}

static void good_scripts_are_quiet(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "tools/t.lua",
        TOOL("properties = { a = { type = 'string', description = 'd', enum = { 'x' } },\n"
             "b = { type = 'array', description = 'd', items = { type = 'integer' } } },\n"
             "required = { 'a' }"));
    agent_is(world, "acme",
        "local t, at = require('tools.t'), time.at\n" GOOD("tools = { t }, on_dtmf = function() "
                                                           "return string.format('%s', at) end"));
    folder_write(&world->folder, "tenants/acme/agent_test.lua", "test('x', function() end)");
    check(world, NULL);
    expect(world, "");
    assert_int_equal(world->counts.tenants, 1);
    assert_int_equal(world->counts.files, 3);
}

/* Also in code that nothing ran. */
static void names_that_are_not_there(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme",
        "local function later()\n"
        "  count = 1\n"
        "  return function() return tiem.now() end\n"
        "end\n"
        "local function other(os)\n"
        "  return os.x, time.nwo(), time['at'], io.open('x')\n"
        "end\n" GOOD("end_of_turn = function() later() other() end"));
    check(world, "acme");
    expect(world,
        "tenants/acme/agent.lua:2: error: 'count' would be a global: write local before it\n"
        "tenants/acme/agent.lua:3: error: 'tiem' is not defined: did you mean time?\n"
        "tenants/acme/agent.lua:6: error: 'time.nwo' is not defined: did you mean time.now?\n"
        "tenants/acme/agent.lua:6: error: 'io' is not defined: scripts have local names and those "
        "of docs/scripting.md\n");
}

static void providers_that_nobody_set_up(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme",
        GOOD("providers = { think = { 'openai', { 'opena', model = 'm' } },\n"
             "  speak = { 'openai' } }"));
    check(world, "acme");
    expect(world, "tenants/acme/agent.lua:2: warning: providers.think[2] names opena, which is no "
                  "provider here: "
                  "others are asked (moonline providers lists them)\n"
                  "tenants/acme/agent.lua:3: warning: providers.speak[1] names openai, which is no "
                  "provider here: "
                  "others are asked (moonline providers lists them)\n");
}

static void a_file_that_nothing_requires_is_read_too(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme", GOOD(""));
    folder_write(&world->folder, "tenants/acme/parts/later.lua", "local x = \n");
    folder_write(&world->folder, "prompts/old.lua", "return pront");
    folder_write(&world->folder, "tools/spare.lua", TOOL("properties = {}"));
    folder_write(&world->folder, "tools/support/help.lua", "return { 1 }");
    check(world, NULL);
    expect(world,
        "prompts/old.lua:1: error: 'pront' is not defined: scripts have local names and those of "
        "docs/scripting.md\n"
        "tenants/acme/parts/later.lua:2: error: unexpected symbol near '<eof>'\n"
        "tools/spare.lua:1: warning: no tenant uses this tool: require(\"tools.spare\") in the "
        "tools of an agent.lua\n");
    check(world, "acme"); /* one tenant: not what is shared */
    expect(world, "tenants/acme/parts/later.lua:2: error: unexpected symbol near '<eof>'\n");
}

/* Nobody uses them yet, and they are read all the same. */
static void unused_tools_are_checked(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme", GOOD(""));
    folder_write(&world->folder, "tools/odd.lua",
        TOOL("properties = { a = { type = 'sting', description = 'd' } }"));
    folder_write(&world->folder, "tools/raises.lua", "\nerror('no')");
    folder_write(&world->folder, "tools/unnamed.lua",
        "return { description = 'd', run = function() end, parameters = { type = 'object' } }");
    check(world, NULL);
    expect(world,
        "tools/odd.lua:1: warning: no tenant uses this tool: require(\"tools.odd\") in the tools "
        "of an agent.lua\n"
        "tools/odd.lua:2: error: parameters.properties.a.type is \"sting\": did you mean "
        "\"string\"?\n"
        "tools/raises.lua:1: warning: no tenant uses this tool: require(\"tools.raises\") in the "
        "tools of an agent.lua\n"
        "tools/raises.lua:2: error: no\n"
        "tools/unnamed.lua:1: error: name is \"\": it must be made of letters, digits, _ and -\n"
        "tools/unnamed.lua:1: error: parameters must be a JSON schema of type object with "
        "properties\n"
        "tools/unnamed.lua:1: warning: no tenant uses this tool: require(\"tools.unnamed\") in the "
        "tools of an agent.lua\n");
}

static void a_large_prompt_says_what_it_costs(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme",
        "return { name = 'A', numbers = { '+15550100002' },\nprompt = function() return "
        "('a word '):rep(3600) end }");
    agent_is(world, "bistro",
        "return { name = 'B', numbers = { '+15550100003' },\nprompt = function() return "
        "('a word '):rep(3500) end }");
    agent_is(world, "huge",
        "return { name = 'B', numbers = { '+15550100004' },\nprompt = function() return "
        "('a word '):rep(9500) end }");
    check(world, NULL);
    expect(world, "tenants/acme/agent.lua:2: warning: the prompt is 24 KiB, about 7200 tokens, "
                  "which each turn of a call sends, pays for and waits for: let faqs hold what is "
                  "seldom asked (docs/prompts.md)\n"
                  "tenants/huge/agent.lua:2: error: prompt is longer than 64 KiB\n");
}

static void what_does_not_load_says_why_once(void **state)
{
    struct world *world = *state;
    agent_is(
        world, "acme", "return {\n name = 'A',\n turn = { silence_ms = 50000 }, prompt = pairs }");
    agent_is(world, "bistro", "return {\n");
    check(world, NULL);
    expect(world,
        "tenants/acme/agent.lua:3: error: turn.silence_ms is 50000: it must be from 100 to 5000\n"
        "tenants/bistro/agent.lua:2: error: unexpected symbol near '<eof>'\n");
}

static void all_faults_of_an_agent_are_said(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "tools/t.lua", "return { name = 't',\n timeout_ms = 5 }");
    agent_is(world, "acme",
        "return {\n name = 'A',\n gretting = 'Hi',\n turn = {\n silence_ms = 50000,\n idle_ms = "
        "'a\\nb' },\n tools = { require('tools.t') },\n prompt = 5 }");
    check(world, NULL);
    expect(world,
        "tenants/acme/agent.lua:3: error: gretting is not a known field: did you mean greeting?\n"
        "tenants/acme/agent.lua:5: error: turn.silence_ms is 50000: it must be from 100 to 5000\n"
        "tenants/acme/agent.lua:6: error: turn.idle_ms is \"a\": it must be a number\n"
        "tenants/acme/agent.lua:8: error: prompt is 5: it must be a function\n"
        "tools/t.lua:1: error: description is missing\n"
        "tools/t.lua:1: error: parameters is missing\n"
        "tools/t.lua:1: error: run is missing\n"
        "tools/t.lua:2: error: timeout_ms is 5: it must be from 100 to 10000\n");
}

static void numbers_lead_somewhere(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme", GOOD(""));
    agent_is(world, "bistro", "\n" GOOD(""));
    agent_is(world, "cafe", "return { name = 'C', prompt = function() return 'p' end }");
    check(world, NULL);
    expect(world,
        "tenants/acme/agent.lua:1: error: number +15550100002 belongs to tenant bistro too: a "
        "number leads to one tenant\n"
        "tenants/bistro/agent.lua:2: error: number +15550100002 belongs to tenant acme too: a "
        "number leads to one tenant\n"
        "tenants/cafe/agent.lua:1: warning: no number leads to this tenant: add numbers = { "
        "\"+15550100002\" }\n");
}

/* One tenant alone: its number is held against the others', whose faults are not said. */
static void a_number_that_another_tenant_has(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme", GOOD(""));
    agent_is(world, "bistro", "\n" GOOD("greting = 'Hi'"));
    agent_is(world, "cafe", GOOD(""));
    check(world, "acme");
    expect(world, "tenants/acme/agent.lua:1: error: number +15550100002 belongs to tenant cafe "
                  "too: a number leads to one tenant\n");
    assert_int_equal(world->counts.tenants, 1);
}

static void schemas_say_what_they_mean(void **state)
{
    static const struct {
        const char *parameters, *text;
    } rows[] = {
        {"properties = { a = { type = 'strng', description = 'd' } }",
            "error: parameters.properties.a.type is \"strng\": did you mean \"string\"?"},
        {"properties = { a = { type = 'date', description = 'd' } }",
            "error: parameters.properties.a.type is \"date\": it must be string, number, integer, "
            "boolean, object or array"},
        {"properties = { a = { description = 'd' } }",
            "error: parameters.properties.a has no type: add type = \"string\", for example"},
        {"properties = { a = { type = 'string' } }",
            "warning: parameters.properties.a has no description: the model will guess what "
            "belongs there"},
        {"properties = { a = { type = 'string', desciption = 'd', description = 'd' } }",
            "error: parameters.properties.a.desciption is not a word of schemas: did you mean "
            "description?"},
        {"properties = { a = { type = 'string', description = 'd', default = 'x' } }",
            "error: parameters.properties.a.default is refused in tool schemas: say it in the "
            "description instead"},
        {"properties = { a = { type = 'array', description = 'd' } }",
            "error: parameters.properties.a is an array without items: say what it is made of"},
        {"properties = { a = { description = 'd', anyOf = { { type = 'string' }, { type = 'nul' } "
         "} } }",
            "error: parameters.properties.a.anyOf[2].type is \"nul\": did you mean \"null\"?"},
        {"properties = { a = { type = 'integer', description = 'd', enum = { 1, 'x' } } }",
            "error: parameters.properties.a.enum holds a value at [2] that is no integer"},
        {"properties = { a = 'text' }",
            "error: parameters.properties.a must be a table such as { type = \"string\" }"},
        {"properties = {}, required = { 'a' }",
            "error: parameters.required names \"a\", which is not among the properties"},
        {"properties = {}, additionalProperties = true",
            "error: parameters.additionalProperties cannot be true: name every property"},
        {"properties = { a = { type = 'object', description = 'd', properties = {\n"
         "b = { type = 'sting', description = 'd' } } } }",
            "error: parameters.properties.a.properties.b.type is \"sting\": did you mean "
            "\"string\"?"},
    };
    struct world *world = *state;
    agent_is(world, "acme", GOOD("tools = { require('tools.t') }"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char tool[1024], expected[512];
        snprintf(tool, sizeof tool, TOOL("%s"), rows[i].parameters);
        folder_write(&world->folder, "tools/t.lua", tool);
        check(world, NULL);
        unsigned line = strchr(rows[i].parameters, '\n') ? 3 : 2;
        snprintf(expected, sizeof expected, "tools/t.lua:%u: %s\n", line, rows[i].text);
        expect(world, expected);
    }
}

static void one_name_is_one_tool(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "tools/one.lua", TOOL("properties = {}"));
    folder_write(&world->folder, "tools/two.lua", TOOL("properties = {}"));
    agent_is(world, "acme", GOOD("tools = { require('tools.one') }"));
    agent_is(world, "bistro",
        "return { name = 'B', numbers = { '+15550100003' }, prompt = function() return '' end, "
        "tools = { require('tools.two') } }");
    check(world, NULL);
    expect(world, "tools/two.lua:1: warning: calls its tool t, as tools/one.lua does: an agent can "
                  "have one of them only\n");
}

static void sounds_can_be_played(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme", GOOD(""));
    folder_write(&world->folder, "tenants/acme/sounds/hold.wav", "ID3 this is no wave");
    check(world, "acme");
    expect(world, "tenants/acme/sounds/hold.wav:1: error: cannot be played: save it as 16-bit mono "
                  "PCM of 8 to 48 kHz\n");
}

/* The list is empty so far; this is what a row of it does. */
static void names_that_go_away(void **state)
{
    static const struct deprecated_name names[] = {{"turn.stall_ms", "turn.patience_ms"},
        {"time.at", "time.now"}, {"turn.idle_ms", "nothing"}, {NULL, NULL}};
    struct world *world = *state;
    world->deprecated = names;
    agent_is(world, "acme",
        "local at = time.at\n" GOOD(
            "on_dtmf = function() return at end,\nturn = { stall_ms = 500 }"));
    check(world, "acme");
    expect(world,
        "tenants/acme/agent.lua:1: warning: time.at is going away: write time.now\n"
        "tenants/acme/agent.lua:4: warning: turn.stall_ms is going away: write turn.patience_ms\n");
    assert_null(deprecated_names[0].name);
}

static void a_tenant_that_is_not_there(void **state)
{
    struct world *world = *state;
    agent_is(world, "acme", GOOD(""));
    struct check_options options = {
        .scripts_path = world->folder.path, .tenant_id = "nobody", .deprecated = deprecated_names};
    assert_int_equal(check_scripts(&world->findings, &world->counts, &options), ERR_NOT_FOUND);
    options = (struct check_options){.scripts_path = "/nowhere", .deprecated = deprecated_names};
    assert_int_equal(check_scripts(&world->findings, &world->counts, &options), ERR_NOT_FOUND);
}

static void findings_are_bounded(void **state)
{
    struct findings *findings = &((struct world *)*state)->findings;
    for (unsigned i = 0; i < FINDINGS_MAX + 5; i++)
        findings_add(findings, FINDING_WARNING, "tools/a.lua", i, "x");
    assert_int_equal(findings->count, FINDINGS_MAX);
    assert_int_equal(findings->lost, 5);
    findings_add(findings, FINDING_WARNING, "tools/a.lua", 0, "x");
    assert_int_equal(findings->lost, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_scripts_are_quiet, setup, teardown),
        cmocka_unit_test_setup_teardown(names_that_are_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_nothing_requires_is_read_too, setup, teardown),
        cmocka_unit_test_setup_teardown(unused_tools_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_prompt_says_what_it_costs, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_load_says_why_once, setup, teardown),
        cmocka_unit_test_setup_teardown(all_faults_of_an_agent_are_said, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_lead_somewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_another_tenant_has, setup, teardown),
        cmocka_unit_test_setup_teardown(schemas_say_what_they_mean, setup, teardown),
        cmocka_unit_test_setup_teardown(one_name_is_one_tool, setup, teardown),
        cmocka_unit_test_setup_teardown(sounds_can_be_played, setup, teardown),
        cmocka_unit_test_setup_teardown(providers_that_nobody_set_up, setup, teardown),
        cmocka_unit_test_setup_teardown(names_that_go_away, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tenant_that_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(findings_are_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
