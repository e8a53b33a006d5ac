#include "script/hook_answer.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/json.h"
#include "script/verdict.h"

#define ANSWER_MAX_BYTES (64u << 10)
#define NUMBER_MAX_BYTES 31 /* to be transferred to */
#define TURN_TEXT_MAX_BYTES 4096

struct answer_rule {
    bool takes_true, takes_false, takes_table;
    size_t text_max_bytes; /* 0: no text */
    const char *wanted;
};

static const struct answer_rule answer_rules[] = {
    [HOOK_YES_NO] = {true, true, false, 0, "true, false or nothing"},
    [HOOK_YES_OR_TEXT] = {true, true, false, 500, "true, a short text, or nothing"},
    [HOOK_NO_OR_TEXT] = {false, true, false, 1000,
        "a text of at most 1000 bytes, false, or nothing"},
    [HOOK_TURN] = {false, false, true, TURN_TEXT_MAX_BYTES,
        "a text, { rewrite = text }, { transfer = number, say = text }, { hangup = true, say = "
        "text }, "
        "or nothing"},
    [HOOK_TEXT_OR_TABLE] = {false, false, true, 1000,
        "a text of at most 1000 bytes, a table of plain data, or nothing"},
};

static bool is_text(const json_t *value, size_t max_bytes)
{
    size_t len = json_string_length(value);
    return json_is_string(value) && len > 0 && len <= max_bytes &&
           strlen(json_string_value(value)) == len;
}

/* One of rewrite, transfer and hangup, or say alone; say with all but rewrite. */
static bool is_turn(const json_t *table)
{
    const json_t *rewrite = json_object_get(table, "rewrite");
    const json_t *transfer = json_object_get(table, "transfer");
    const json_t *hangup = json_object_get(table, "hangup");
    const json_t *say = json_object_get(table, "say");
    size_t known = (rewrite != NULL) + (transfer != NULL) + (hangup != NULL) + (say != NULL);
    bool is_one = (rewrite && !say) + (transfer != NULL) + (hangup != NULL) == 1;
    return known == json_object_size(table) && (is_one || (say && known == 1)) &&
           (!rewrite || is_text(rewrite, TURN_TEXT_MAX_BYTES)) &&
           (!transfer || is_text(transfer, NUMBER_MAX_BYTES)) &&
           (!hangup || json_is_true(hangup)) && (!say || is_text(say, TURN_TEXT_MAX_BYTES));
}

static bool fits(enum hook_answer answer, const json_t *value)
{
    const struct answer_rule *rule = &answer_rules[answer];
    if (json_is_null(value))
        return true;
    if (json_is_boolean(value))
        return json_is_true(value) ? rule->takes_true : rule->takes_false;
    if (json_is_string(value))
        return is_text(value, rule->text_max_bytes);
    bool is_table = json_is_object(value) || json_is_array(value);
    return rule->takes_table && is_table && (answer != HOOK_TURN || is_turn(value));
}

struct reading {
    lua_State *thread;
    json_t *value;
    char why[160];
};

static int read_value(lua_State *lua)
{
    struct reading *reading = lua_touserdata(lua, 1);
    if (script_json_read(&reading->value, reading->thread, 1, reading->why))
        return luaL_error(lua, "%s", reading->why);
    return 0;
}

/* NULL with `why`: it is no plain data. */
static json_t *value_of(struct script_run *run, char why[512])
{
    struct reading reading = {.thread = run->thread};
    if (lua_gettop(run->thread) == 0 || lua_isnil(run->thread, 1))
        return json_null();
    return vm_protect(run->program->vm, read_value, &reading, why) ? NULL : reading.value;
}

static enum err refuse(const struct script_run *run, const char *detail, char why[512])
{
    snprintf(why, 512, "agent.lua:%u: %s must return %s%s%s",
        sources_line(run->program->sources, "agent.lua", run_name(run)), run_name(run),
        answer_rules[hook_rules[run->hook].answer].wanted, detail[0] ? ": " : "", detail);
    return ERR_BAD;
}

static enum err take_value(struct script_run *run, char **text, char why[512])
{
    char detail[512] = "";
    json_t *value = value_of(run, detail);
    if (!value || !fits(hook_rules[run->hook].answer, value)) {
        json_decref(value);
        return refuse(run, detail, why);
    }
    enum err err = script_json_print(text, value, ANSWER_MAX_BYTES);
    json_decref(value);
    return err == ERR_FULL ? refuse(run, "it is longer than 64 KiB", why) : err;
}

struct judging {
    const struct script_run *run;
    json_t *value;
    char why[160];
};

static int read_verdict(lua_State *lua)
{
    struct judging *judging = lua_touserdata(lua, 1);
    const struct script_run *run = judging->run;
    if (verdict_read(&judging->value, run->thread, 1, run->version->agent, judging->why) != ERR_OK)
        return luaL_error(lua, "agent.lua:%d: on_incoming: %s",
            (int)sources_line(run->program->sources, "agent.lua", run_name(run)), judging->why);
    return 0;
}

static enum err take_verdict(struct script_run *run, char **text, char why[512])
{
    struct judging judging = {.run = run};
    enum err err = vm_protect(run->program->vm, read_verdict, &judging, why);
    if (!err)
        err = script_json_print(text, judging.value, ANSWER_MAX_BYTES);
    json_decref(judging.value);
    return err;
}

enum err hook_take_answer(struct script_run *run, char **text, char why[512])
{
    switch (hook_rules[run->hook].answer) {
    case HOOK_YES_NO:
    case HOOK_YES_OR_TEXT:
    case HOOK_NO_OR_TEXT:
    case HOOK_TURN:
    case HOOK_TEXT_OR_TABLE:
        return take_value(run, text, why);
    case HOOK_VERDICT:
        return take_verdict(run, text, why);
    case HOOK_NOTHING:
        break;
    }
    *text = slice_dup(SLICE("null"));
    return *text ? ERR_OK : ERR_NOMEM;
}
