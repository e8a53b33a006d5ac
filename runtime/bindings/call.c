/* call:say, call:play, call:send_dtmf, call:transfer, call:voicemail, call:record and its kin, call:hangup: methods of the
   object that prompts, tools and hooks are given. They ask and return at once; the call's own thread does it. */
#include "script/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "bindings/hints.h"
#include "bindings/modules.h"
#include "media/dtmf_tones.h"
#include "script/json.h"
#include "script/vm.h"
#include "script/wait.h"

#define SAY_MAX_BYTES 4096
#define CARRIER_SAYS_MAX_BYTES 512
#define CONSENT_MAX_BYTES 1000
#define WHISPER_MAX_BYTES (TRANSFER_WHISPER_SIZE - 1)
#define RINGS_S 20
#define RINGS_LEAST_S 5
#define RINGS_MOST_S 120
#define KEYS_MAX 32

bool call_asker_has_reply(const struct call_asker *from)
{
    return from->kind == SCRIPT_TOOL ||
           (from->kind == SCRIPT_HOOK && from->hook == HOOK_ON_USER_TURN);
}

/* Who asks, of which call. */
struct asking {
    const struct call_ops *ops;
    void *owner;
    const struct script_call_facts *facts;
    uint64_t call_key;
    struct call_asker from;
    bool is_late;
};

/* Of the run whose own call is the first argument. Raises: another call's object, or in what only answers: a prompt,
   end_of_turn. */
static struct asking check_call(lua_State *lua)
{
    const struct bindings_options *options = &module_bindings(lua)->options;
    struct script_run *run = script_run_of(lua);
    if (!run || !script_run_is_call(lua, 1))
        luaL_error(lua, "this is not the call that is going on: use call:method()");
    if (script_run_only_answers(run))
        luaL_error(lua, "%s only answers: it cannot act on the call", script_run_name(run));
    if (!script_run_may_act(run))
        luaL_error(lua, "a run may ask 32 things of its call and has");
    const struct call_asker from = {
        script_run_kind(run), script_run_hook(run), script_run_epoch(run)};
    return (struct asking){options->call_ops, options->call_ops_owner, script_run_facts(run),
        script_run_call_key(run), from, script_run_is_late(run)};
}

static int answer(lua_State *lua, enum err err)
{
    if (err)
        return module_fail(lua, err_name(err), "the call cannot do that now");
    lua_pushboolean(lua, 1);
    return 1;
}

/* Nobody does it any more: pushes why. 0: somebody does. */
static int refuse(lua_State *lua, const struct asking *asking)
{
    if (asking->is_late)
        return module_fail(
            lua, "late", "the tool passed its limit: the caller was told, and went on");
    if (asking->facts->channel == CHANNEL_SMS)
        return module_fail(lua, "unavailable",
            "this conversation is in texts, without a line: answer in words, or use a tool that "
            "asks a person to call");
    return asking->ops ? 0 : answer(lua, ERR_CLOSED);
}

/* --- options --- */

/* Pushes field `name` of the options at `index`; nil when there are none. */
static void push_option(lua_State *lua, int index, const char *name)
{
    if (lua_isnoneornil(lua, index)) {
        lua_pushnil(lua);
        return;
    }
    luaL_checktype(lua, index, LUA_TTABLE);
    lua_pushstring(lua, name);
    lua_rawget(lua, index);
}

/* { interruptible = false } */
static bool must_be_heard(lua_State *lua, int index)
{
    push_option(lua, index, "interruptible");
    if (!lua_isnil(lua, -1) && !lua_isboolean(lua, -1))
        luaL_argerror(lua, index, "interruptible must be true or false");
    bool is_protected = lua_isboolean(lua, -1) && !lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return is_protected;
}

/* A text that stays on the stack; empty: there is none. */
static struct slice text_option(lua_State *lua, int index, const char *name, size_t max_bytes)
{
    push_option(lua, index, name);
    if (lua_isnil(lua, -1))
        return SLICE("");
    size_t len = 0;
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &len) : NULL;
    if (!text || len > max_bytes || memchr(text, 0, len) || !utf8_is_valid(text, len))
        luaL_error(lua, "%s must be a text of at most %d bytes", name, (int)max_bytes);
    return (struct slice){text, len};
}

/* --- methods --- */

static int call_say(lua_State *lua)
{
    struct asking asking = check_call(lua);
    struct slice text = module_text(lua, 2, SAY_MAX_BYTES, 0);
    if (!utf8_is_valid(text.data, text.len))
        luaL_argerror(lua, 2, "text is not valid UTF-8");
    bool is_protected = must_be_heard(lua, 3);
    int refused = refuse(lua, &asking);
    return refused ? refused
                   : answer(lua, asking.ops->say(asking.owner, asking.facts, asking.call_key,
                                     asking.from, text, is_protected));
}

static int call_play(lua_State *lua)
{
    struct asking asking = check_call(lua);
    char label[AGENT_SOUND_NAME_SIZE + 16];
    struct slice name = module_text(lua, 2, AGENT_SOUND_NAME_SIZE - 1, 1);
    struct agent *agent = script_run_agent(script_run_of(lua));
    const struct agent_sound *found = agent_find_sound(agent, name.data);
    if (!found)
        return luaL_error(lua, "'%s' is not among the sounds of agent.lua", name.data);
    bool is_protected = must_be_heard(lua, 3);
    struct slice text = text_option(lua, 3, "text", SAY_MAX_BYTES);
    snprintf(label, sizeof label, "[sound %s]", found->name);
    int refused = refuse(lua, &asking);
    if (refused)
        return refused;
    const struct call_sound sound = {.ulaw = {(const char *)found->ulaw, found->len},
        .agent = agent,
        .text = text.len ? text : slice_from(label),
        .is_label = !text.len};
    return answer(lua, asking.ops->play(asking.owner, asking.facts, asking.call_key, asking.from,
                           &sound, is_protected));
}

static enum err play_keys(const struct asking *asking, struct slice keys)
{
    char label[KEYS_MAX + 16];
    size_t len = dtmf_tones_bytes(keys);
    uint8_t *ulaw = malloc(len);
    enum err err = ulaw ? dtmf_tones_make(ulaw, keys) : ERR_NOMEM;
    snprintf(label, sizeof label, "[keys %s]", keys.data);
    const struct call_sound sound = {.ulaw = {(const char *)ulaw, len},
        .text = slice_from(label),
        .is_label = true,
        .is_tones = true};
    if (!err) /* a tone that is lowered or cut is no key: nothing interrupts it */
        err = asking->ops->play(
            asking->owner, asking->facts, asking->call_key, asking->from, &sound, true);
    free(ulaw);
    return err;
}

static int call_send_dtmf(lua_State *lua)
{
    struct asking asking = check_call(lua);
    struct slice keys = module_text(lua, 2, KEYS_MAX, 1);
    if (!dtmf_tones_are_keys(keys))
        luaL_argerror(lua, 2, "keys are 0-9, A-D, * and #, and w for a pause");
    int refused = refuse(lua, &asking);
    return refused ? refused : answer(lua, play_keys(&asking, keys));
}

static int call_hangup(lua_State *lua)
{
    struct asking asking = check_call(lua);
    int refused = refuse(lua, &asking);
    return refused ? refused
                   : answer(lua, asking.ops->hangup(
                                     asking.owner, asking.facts, asking.call_key, asking.from));
}

static int call_voicemail(lua_State *lua)
{
    struct asking asking = check_call(lua);
    struct slice say = text_option(lua, 2, "say", CARRIER_SAYS_MAX_BYTES);
    int refused = refuse(lua, &asking);
    return refused ? refused
                   : answer(lua, asking.ops->voicemail(asking.owner, asking.facts, asking.call_key,
                                     asking.from, say));
}

static unsigned seconds_option(lua_State *lua, int index, const char *name)
{
    push_option(lua, index, name);
    double seconds = lua_isnil(lua, -1) ? RINGS_S : lua_tonumber(lua, -1);
    bool is_number = lua_isnil(lua, -1) || lua_type(lua, -1) == LUA_TNUMBER;
    if (!is_number || !(seconds >= RINGS_LEAST_S && seconds <= RINGS_MOST_S))
        luaL_error(lua, "%s must be from %d to %d", name, RINGS_LEAST_S, RINGS_MOST_S);
    lua_pop(lua, 1);
    return (unsigned)seconds;
}

static enum transfer_then then_option(lua_State *lua, int index, const char *name)
{
    enum transfer_then then = TRANSFER_BACK;
    push_option(lua, index, name);
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "";
    if (!lua_isnil(lua, -1) && !transfer_then_read(&then, slice_from(text)))
        luaL_error(lua, "%s must be \"back\", \"voicemail\" or \"hangup\"", name);
    lua_pop(lua, 1);
    return then;
}

/* Whom the caller may not be transferred to; pushes why. 0: this one is fine. */
static int refuse_transfer(
    lua_State *lua, const struct script_call_facts *facts, struct slice number)
{
    const char *fault = agent_transfer_fault(script_run_agent(script_run_of(lua)), number.data);
    if (fault)
        return module_fail(lua, fault,
            "callers may be transferred to the numbers that agent.lua lists in transfers");
    if (facts->transfers >= CALL_TRANSFERS_MAX)
        return module_fail(lua, "limit", "enough transfers of this call found nobody");
    return 0;
}

static int call_transfer(lua_State *lua)
{
    struct asking asking = check_call(lua);
    const struct call_transfer transfer = {.number = module_text(lua, 2, 64, 1),
        .say = text_option(lua, 3, "say", CARRIER_SAYS_MAX_BYTES),
        .whisper = text_option(lua, 3, "whisper", WHISPER_MAX_BYTES),
        .timeout_s = seconds_option(lua, 3, "timeout_s"),
        .then = then_option(lua, 3, "on_no_answer")};
    int refused = refuse(lua, &asking);
    if (!refused)
        refused = refuse_transfer(lua, asking.facts, transfer.number);
    return refused ? refused
                   : answer(lua, asking.ops->transfer(asking.owner, asking.facts, asking.call_key,
                                     asking.from, &transfer));
}

/* --- the recording of the call --- */

static int record(
    lua_State *lua, const struct asking *asking, enum call_recording what, struct slice said)
{
    int refused = refuse(lua, asking);
    if (refused)
        return refused;
    enum agent_recording by_agent = script_run_agent(script_run_of(lua))->recording;
    enum err err = asking->ops->record(
        asking->owner, asking->facts, asking->call_key, asking->from, what, said, by_agent);
    if (err == ERR_REFUSED)
        return module_fail(lua, "not_allowed", "calls of this business are never recorded");
    if (err == ERR_UNREACHABLE)
        return module_fail(lua, "unavailable", "no account with the carrier is set");
    return answer(lua, err);
}

/* { consent = words } or { refused = true, said = words } */
static int call_record(lua_State *lua)
{
    struct asking asking = check_call(lua);
    luaL_checktype(lua, 2, LUA_TTABLE);
    push_option(lua, 2, "refused");
    bool is_refused = lua_isboolean(lua, -1) && lua_toboolean(lua, -1);
    if (!lua_isnil(lua, -1) && !lua_isboolean(lua, -1))
        luaL_argerror(lua, 2, "refused must be true or false");
    struct slice consent = text_option(lua, 2, "consent", CONSENT_MAX_BYTES);
    struct slice said = text_option(lua, 2, "said", CONSENT_MAX_BYTES);
    if (is_refused == (consent.len > 0))
        luaL_argerror(lua, 2, "needs consent, the caller's words, or refused = true");
    return record(lua, &asking, is_refused ? CALL_RECORDING_REFUSED : CALL_RECORDING_AGREED,
        is_refused ? said : consent);
}

static int call_stop_recording(lua_State *lua)
{
    struct asking asking = check_call(lua);
    return record(lua, &asking, CALL_RECORDING_STOP, SLICE(""));
}

static int call_pause_recording(lua_State *lua)
{
    struct asking asking = check_call(lua);
    return record(lua, &asking, CALL_RECORDING_PAUSE, SLICE(""));
}

static int call_resume_recording(lua_State *lua)
{
    struct asking asking = check_call(lua);
    return record(lua, &asking, CALL_RECORDING_RESUME, SLICE(""));
}

/* --- call.history: made anew for each look, so that calls whose scripts never look cost nothing --- */

/* Empty for another call's object, and while a version's prompt is tried. */
static void push_history(lua_State *lua)
{
    bool was_limited = vm_lift_limit(lua);
    json_t *lines = script_run_is_call(lua, 1) ? script_run_history(script_run_of(lua)) : NULL;
    if (lines)
        script_json_push(lua, lines);
    else
        lua_newtable(lua);
    vm_restore_limit(lua, was_limited);
    json_decref(lines);
}

static bool is_history(lua_State *lua)
{
    size_t len = 0;
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &len) : "";
    return slice_is((struct slice){name, len}, "history");
}

/* What the call object itself has not: its methods are upvalue 1. */
static int call_index(lua_State *lua)
{
    if (is_history(lua)) {
        push_history(lua);
        return 1;
    }
    lua_settop(lua, 2);
    lua_rawget(lua, lua_upvalueindex(1));
    return 1;
}

static int call_newindex(lua_State *lua)
{
    if (is_history(lua))
        luaL_error(lua, "call.history can only be read");
    lua_settop(lua, 3);
    lua_rawset(lua, 1);
    return 0;
}

void call_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg methods[] = {{"say", call_say}, {"play", call_play},
        {"send_dtmf", call_send_dtmf}, {"hangup", call_hangup}, {"voicemail", call_voicemail},
        {"transfer", call_transfer}, {"record", call_record},
        {"stop_recording", call_stop_recording}, {"pause_recording", call_pause_recording},
        {"resume_recording", call_resume_recording}, {"hints", call_hints}, {NULL, NULL}};
    luaL_newmetatable(lua, CALL_METATABLE);
    lua_newtable(lua);
    lua_pushlightuserdata(lua, bindings);
    luaL_setfuncs(lua, methods, 1);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, CALL_METHODS);
    lua_pushcclosure(lua, call_index, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, call_newindex);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
}
