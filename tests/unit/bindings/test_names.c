/* What C registers and what scripts/types declares are the same names, both ways; and what needs no waiting works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/call.h"
#include "script/sandbox.h"
#include "unit/bindings/vm_story.h"

#define NAMES_MAX 32

struct names {
    char text[NAMES_MAX][64];
    size_t count;
};

static void add_name(struct names *names, const char *text, size_t len)
{
    assert_true(names->count < NAMES_MAX && len < 64);
    snprintf(names->text[names->count++], 64, "%.*s", (int)len, text);
}

static bool has_name(const struct names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->text[i], text) == 0)
            return true;
    return false;
}

struct owner {
    const char *file, *name;
    const char *metatable; /* of an object; NULL: a module */
    const char *methods;   /* in it; NULL: "__index" */
};

/* "function time.now(", "function Call:say(", "json.null = …": the names after `owner` and its separator. */
static void read_declared(struct names *names, const char *file, const char *owner)
{
    char path[256], line[512], prefix[64];
    snprintf(path, sizeof path, "%s/scripts/types/%s.lua", SOURCE_DIR, file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    bool is_meta = false;
    while (fgets(line, sizeof line, in)) {
        is_meta = is_meta || strcmp(line, "---@meta\n") == 0;
        const char *at = strncmp(line, "function ", 9) == 0 ? line + 9 : line;
        int len = snprintf(prefix, sizeof prefix, "%s", owner);
        if (strncmp(at, prefix, (size_t)len) != 0 || (at[len] != '.' && at[len] != ':'))
            continue;
        at += len + 1;
        add_name(names, at, strspn(at, "abcdefghijklmnopqrstuvwxyz_"));
    }
    fclose(in);
    assert_true(is_meta);
}

static int push_owner(lua_State *lua, const struct owner *owner)
{
    if (owner->metatable) {
        luaL_getmetatable(lua, owner->metatable);
        lua_getfield(lua, -1, owner->methods ? owner->methods : "__index");
        return lua_gettop(lua);
    }
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_getfield(lua, -1, owner->name);
    return lua_gettop(lua);
}

static void read_registered(struct names *names, lua_State *lua, const struct owner *owner)
{
    int table = push_owner(lua, owner);
    assert_true(lua_istable(lua, table));
    for (lua_pushnil(lua); lua_next(lua, table); lua_pop(lua, 1)) {
        const char *name = lua_tostring(lua, -2);
        add_name(names, name, strlen(name));
    }
    lua_settop(lua, 0);
}

static void types_match(void **state)
{
    static const struct owner owners[] = {{"log", "log"}, {"time", "time"}, {"json", "json"},
        {"http", "http"}, {"http", "HttpAnswer", "moonline.http.answer"}, {"db", "db"},
        {"knowledge", "knowledge"}, {"calendar", "calendar"}, {"contacts", "contacts"},
        {"leads", "leads"}, {"tasks", "tasks"},
        {"kv", "kv"}, {"secret", "secret"}, {"secret", "Secret", "moonline.secret"}, {"sms", "sms"},
        {"call", "Call", CALL_METATABLE, CALL_METHODS}};
    struct story *story = *state;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        struct names declared = {0}, registered = {0};
        read_declared(&declared, owners[i].file, owners[i].name);
        read_registered(&registered, story->vm->lua, &owners[i]);
        for (size_t n = 0; n < registered.count; n++) {
            if (!has_name(&declared, registered.text[n]))
                print_message(
                    "%s.%s is not in scripts/types\n", owners[i].name, registered.text[n]);
            assert_true(has_name(&declared, registered.text[n]));
        }
        for (size_t n = 0; n < declared.count; n++) {
            if (!has_name(&registered, declared.text[n]))
                print_message("%s.%s is not registered\n", owners[i].name, declared.text[n]);
            assert_true(has_name(&registered, declared.text[n]));
        }
        assert_true(declared.count > 0);
    }
}

static char *read_types_of_calls(void)
{
    static char text[65536];
    char path[256];
    snprintf(path, sizeof path, "%s/scripts/types/call.lua", SOURCE_DIR);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = 0;
    fclose(in);
    return text;
}

/* "on_dtmf" is declared as "---@alias OnDtmf fun(". */
static void types_name_every_hook(void **state)
{
    const char *types = read_types_of_calls();
    for (size_t i = 0; i < SCRIPT_HOOKS; i++) {
        char alias[64];
        size_t len = (size_t)snprintf(alias, sizeof alias, "---@alias ");
        bool is_first = true;
        for (const char *at = hook_rules[i].name; *at; at++) {
            if (*at != '_')
                alias[len++] = (char)(is_first ? *at - 'a' + 'A' : *at);
            is_first = *at == '_';
        }
        snprintf(alias + len, sizeof alias - len, " fun(call: Call");
        if (!strstr(types, alias))
            fail_msg("%s is not in scripts/types/call.lua", alias);
    }
}

static void types_name_every_outcome(void **state)
{
    const char *at = strstr(read_types_of_calls(), "---@alias Outcome\n");
    size_t count = 0;
    assert_non_null(at);
    for (at = strchr(at, '\n') + 1; strncmp(at, "---|", 4) == 0; at = strchr(at, '\n') + 1) {
        const char *end = strchr(at, '\n');
        for (const char *word = at; (word = memchr(word, '"', (size_t)(end - word)));) {
            const char *close = strchr(++word, '"');
            assert_non_null(outcome_find((struct slice){word, (size_t)(close - word)}));
            word = close + 1;
            count++;
        }
    }
    assert_int_equal(count, 10);
}

/* An editor that cannot read them says nothing of it. */
static void types_are_lua(void **state)
{
    glob_t files;
    lua_State *lua = luaL_newstate();
    assert_int_equal(glob(SOURCE_DIR "/scripts/types/*.lua", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        if (luaL_loadfile(lua, files.gl_pathv[i]))
            fail_msg("%s", lua_tostring(lua, -1));
    globfree(&files);
    lua_close(lua);
}

static void json_works(void **state)
{
    story_holds(*state,
        "assert(json.encode({ b = 1, a = { 1, 2 } }) == '{\"a\":[1,2],\"b\":1}')\n"
        "assert(json.encode({}) == '{}' and json.encode(json.array()) == '[]' and "
        "json.encode(json.array({})) == '[]')\n"
        "assert(json.encode({ x = json.null }) == '{\"x\":null}' and json.encode('a\\n') == "
        "'\"a\\\\n\"')\n"
        "local t = json.decode('{\"a\":[],\"n\":null,\"big\":12345678901234567890123}') assert(t "
        "== nil)\n"
        "t = json.decode('{\"a\":[],\"n\":null,\"big\":9007199254740993}')\n"
        "assert(json.encode(t.a) == '[]' and t.n == json.null and t.big == '9007199254740993')\n"
        "local none, code, why = json.decode('[1,') assert(none == nil and code == 'bad_json' and "
        "#why > 0)\n"
        "none, code, why = json.encode({ f = pairs }) assert(code == 'bad_value' and why == 'a "
        "function has no JSON form')\n"
        "none, code = json.decode(('['):rep(100)) assert(code == 'bad_json')");
}

static void nothing_waits_while_loading(void **state)
{
    story_fails(*state, "http.request({ url = 'http://127.0.0.1:1/' })",
        "http.request cannot wait while the version is loaded");
    story_fails(*state, "db.query('SELECT 1')", "db.query cannot wait while the version is loaded");
    story_fails(*state, "sms.send('+15550100001', 'hi')",
        "sms.send cannot wait while the version is loaded");
    story_fails(
        *state, "calendar.hours()", "calendar.hours cannot wait while the version is loaded");
    story_fails(*state, "calendar.slots({ days = 60, limit = 50 })",
        "calendar.slots cannot wait while the version is loaded");
    story_fails(*state, "contacts.find({ phone = '5550100001' })",
        "contacts.find cannot wait while the version is loaded");
    story_holds(*state,
        "log.info('loaded') log.warn('carefully') for i = 1, 200 do log.info(tostring(i)) end");
}

/* Values that need no room in the VM's own tables must not add up beyond its limit. */
static void decoded_values_count(void **state)
{
    struct story *story = *state;
    story_fails(story,
        "local slots, text = {}, '[' .. ('[1,2,3],'):rep(4000) .. '0]'\n"
        "for i = 1, 1000 do slots[i] = false end\n"
        "for i = 1, 1000 do slots[i] = json.decode(text) end",
        "not enough memory");
    assert_true(story->vm->used_bytes < 4 * VM_LIMIT_BYTES);
}

static void arguments_are_checked(void **state)
{
    story_fails(*state, "http.request()", "table expected");
    story_fails(*state, "http.request({})", "url is missing");
    story_fails(*state, "http.request({ url = 'http://x/', method = 'CONNECT' })",
        "method 'CONNECT' is not known");
    story_fails(*state, "http.request({ url = 'http://x/\\r\\nX: y' })", "control characters");
    story_fails(*state, "http.request({ url = 'http://x/', headers = { ['X-Y'] = 'a\\r\\nb' } })",
        "control characters");
    story_fails(*state, "http.request({ url = 'http://x/', headers = { ['X:Y'] = 'a' } })",
        "no header name");
    story_fails(*state, "http.request({ url = 'http://x/', headers = { 'a' } })", "texts by name");
    story_fails(*state, "http.request({ url = 'http://x/', timeout_ms = 60000 })",
        "timeout_ms must be from 1 to 10000");
    story_fails(*state, "db.query('SELECT $1', pairs)", "parameter 1 is a function");
    story_fails(
        *state, "db.query('SELECT $1', { pairs })", "parameter 1: a function has no JSON form");
    story_fails(*state, "db.query('SELECT $1', 0 / 0)", "not a finite number");
    story_fails(*state, "db.query(('x'):rep(20000))", "text is too long");
    story_fails(*state, "calendar.slots()", "table expected");
    story_fails(*state, "calendar.slots({ servce = 'cut' })", "there is no argument 'servce'");
    story_fails(*state, "calendar.slots({ 'cut' })", "arguments have names");
    story_fails(
        *state, "calendar.slots({ days = 61 })", "days must be a whole number from 1 to 60");
    story_fails(*state, "calendar.slots({ limit = 0.5 })", "limit must be a whole number");
    story_fails(*state, "calendar.book({ name = 7 })", "name must be a text");
    story_fails(*state, "calendar.book({ name = ('x'):rep(200) })", "longer than 127 bytes");
    story_fails(*state, "calendar.book({ notes = '\\255' })", "not valid UTF-8");
    story_fails(*state, "calendar.cancel()", "string expected");
    story_fails(*state, "contacts.save({ name = 'a\\nb' })", "control characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(types_match, story_setup, story_teardown),
        cmocka_unit_test(types_name_every_hook),
        cmocka_unit_test(types_name_every_outcome),
        cmocka_unit_test(types_are_lua),
        cmocka_unit_test_setup_teardown(json_works, story_setup, story_teardown),
        cmocka_unit_test_setup_teardown(nothing_waits_while_loading, story_setup, story_teardown),
        cmocka_unit_test_setup_teardown(decoded_values_count, story_setup, story_teardown),
        cmocka_unit_test_setup_teardown(arguments_are_checked, story_setup, story_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
