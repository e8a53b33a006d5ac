/* JSON for scripts: bounds, what survives a round trip, and agreement with lua-cjson where that is to be trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"

static int setup(void **state)
{
    lua_State *lua = luaL_newstate();
    luaL_openlibs(lua);
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    lua_pop(lua, 1);
    lua_getglobal(lua, "require");
    lua_pushliteral(
        lua, "cjson"); /* the shared module: its own strbuf_init stays apart from ours */
    lua_call(lua, 1, 1);
    lua_setglobal(lua, "cjson");
    *state = lua;
    return 0;
}

static int teardown(void **state)
{
    lua_close(*state);
    return 0;
}

static char *round_trip(lua_State *lua, const char *text)
{
    char why[160];
    json_t *in, *out;
    char *printed;
    assert_int_equal(script_json_parse(&in, slice_from(text), why), ERR_OK);
    script_json_push(lua, in);
    assert_int_equal(script_json_read(&out, lua, -1, why), ERR_OK);
    assert_int_equal(script_json_print(&printed, out, SCRIPT_JSON_MAX_BYTES), ERR_OK);
    json_decref(in);
    json_decref(out);
    lua_pop(lua, 1);
    return printed;
}

static void values_survive(void **state)
{
    static const char *const same[] = {"[]", "{}", "[[],{}]", "{\"required\":[]}", "null",
        "[null,1]", "{\"a\":null}", "true", "\"x\"", "0", "-1", "1.5", "9007199254740992",
        "\"9007199254740993\"", "\"\\u00e4\\ud83d\\ude00\"", "[1,2,3]", "{\"1\":2}"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char *text = round_trip(*state, same[i]);
        json_t *a = json_loads(text, JSON_DECODE_ANY, NULL),
               *b = json_loads(same[i], JSON_DECODE_ANY, NULL);
        if (!json_equal(a, b))
            print_message("%s became %s\n", same[i], text);
        assert_true(json_equal(a, b));
        json_decref(a);
        json_decref(b);
        free(text);
    }
    char *big = round_trip(*state, "9007199254740993");
    assert_string_equal(big, "\"9007199254740993\"");
    free(big);
}

static void refuses(const char *text, size_t len, const char *expected)
{
    char why[160];
    json_t *value;
    assert_int_equal(script_json_parse(&value, (struct slice){text, len}, why), ERR_BAD);
    if (expected)
        assert_string_equal(why, expected);
}

static void input_is_bounded(void **state)
{
    static char big[SCRIPT_JSON_MAX_BYTES + 1];
    memset(big, ' ', sizeof big);
    refuses(big, sizeof big, "longer than 256 KiB");
    memset(big, '[', 40);
    refuses(big, 80, "nested too deep");
    for (size_t i = 0; i < sizeof big - 1; i += 2)
        memcpy(big + i, "1,", 2);
    big[0] = '[';
    refuses(big, sizeof big - 1, "too many values");
    static const char *const bad[] = {"", "NaN", "Infinity", "01", "0x10", "[1,]", "{\"a\":1,}",
        "\"\\ud800\"", "\"\xff\"", "[", "nul", "{'a':1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuses(bad[i], strlen(bad[i]), NULL);
    /* Brackets and commas inside of strings count for nothing. */
    char *text = round_trip(*state, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[,,,,\"");
    free(text);
}

static void refuses_value(lua_State *lua, const char *code, const char *expected)
{
    char why[160];
    json_t *value;
    assert_int_equal(luaL_dostring(lua, code), 0);
    assert_int_equal(script_json_read(&value, lua, -1, why), ERR_BAD);
    assert_string_equal(why, expected);
    lua_pop(lua, 1);
}

static void odd_values_are_refused(void **state)
{
    lua_State *lua = *state;
    refuses_value(lua, "return { f = print }", "a function has no JSON form");
    refuses_value(
        lua, "local t = {} t.t = t return t", "nested too deep (or a table holds itself)");
    refuses_value(lua, "return { 1, nil, 3, x = 1 }", "an array has holes or names as keys");
    refuses_value(lua, "return { [1.5] = 1 }", "a table mixes names and numbers as keys");
    refuses_value(lua, "return { 0 / 0 }", "a number is not finite");
    refuses_value(lua, "return { '\\255' }", "a string is not valid UTF-8");
    refuses_value(lua, "return { ['a\\0b'] = 1 }", "a name holds a zero byte");
    refuses_value(lua, "local t = {} for i = 1, 30000 do t[i] = i end return t", "too many values");
    refuses_value(lua, "return { ('x'):rep(300000) }", "more than 256 KiB of text");
    assert_int_equal(lua_gettop(lua), 0);
}

/* --- the oracle --- */

static unsigned seed = 20261122;

static unsigned pick(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

static json_t *random_value(unsigned depth)
{
    static const char *const texts[] = {
        "", "a", "\xc3\xa4", "quote\" and \\ back", "line\nbreak", "\xf0\x9f\x98\x80", "/"};
    switch (pick(depth < 4 ? 8 : 5)) {
    case 0:
        return json_integer((int)pick(100000) - 50000);
    case 1:
        return json_real((double)(2 * pick(1000) + 1) / 16);
    case 2:
        return json_string(texts[pick(7)]);
    case 3:
        return json_boolean(pick(2));
    case 4:
        return json_integer(pick(10));
    case 5: {
        json_t *object = json_object();
        for (unsigned i = 0, count = 1 + pick(4); i < count; i++) {
            char key[8];
            snprintf(key, sizeof key, "k%u", pick(20));
            json_object_set_new(object, key, random_value(depth + 1));
        }
        return object;
    }
    }
    json_t *array = json_array();
    for (unsigned i = 0, count = 1 + pick(4); i < count; i++)
        json_array_append_new(array, random_value(depth + 1));
    return array;
}

/* What cjson decodes we must read the same, and what we push cjson must encode the same. */
static void agrees_with_cjson(void **state)
{
    lua_State *lua = *state;
    for (unsigned round = 0; round < 500; round++) {
        char why[160];
        json_t *value = json_array(), *read, *encoded;
        json_array_append_new(value, random_value(0));
        char *text = json_dumps(value, JSON_COMPACT);

        lua_getglobal(lua, "cjson");
        lua_getfield(lua, -1, "decode");
        lua_pushstring(lua, text);
        lua_call(lua, 1, 1);
        assert_int_equal(script_json_read(&read, lua, -1, why), ERR_OK);
        assert_true(json_equal(read, value));

        lua_settop(lua, 0);
        lua_getglobal(lua, "cjson");
        lua_getfield(lua, -1, "encode");
        script_json_push(lua, value);
        lua_call(lua, 1, 1);
        encoded = json_loads(lua_tostring(lua, -1), 0, NULL);
        char *a = json_dumps(encoded, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(12));
        char *ours = round_trip(lua, text);
        json_t *again = json_loads(ours, 0, NULL);
        char *b = json_dumps(again, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(12));
        assert_string_equal(a, b);

        lua_settop(lua, 0);
        free(a), free(b), free(ours), free(text);
        json_decref(value), json_decref(read), json_decref(encoded), json_decref(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(input_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_values_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(agrees_with_cjson, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
