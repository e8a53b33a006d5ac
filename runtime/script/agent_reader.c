#include "script/agent_reader.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/agent_reading.h"
#include "script/call.h"
#include "script/json.h"
#include "text/tokens.h"

#define TOOLS_JSON_MAX_BYTES (64u << 10)
#define PROFILE_JSON_MAX_BYTES (64u << 10)
#define STILL_THERE "Are you still there?"
#define GOODBYE "I can't hear you, so I'll hang up now. Please call again. Goodbye."
#define BUDGET_TEXT "I'm sorry, I have to leave our call here. Thank you for calling."
#define TRANSFER_FAILED "I'm sorry, nobody picked up. I'm back with you. Can I take a message?"
#define TRANSFER_PROMPT "Press any key to take this call."
#define RECORDING_NOTICE "This call is recorded."
#define RESUME_GREETING "Sorry, we got cut off. I'm back with you. Please go on."

static const char *const agent_names[] = {"name", "numbers", "language", "greeting",
    "greeting_interruptible", "resume_greeting", "call_back_greeting", "call_back_message",
    "notify", "recording", "recording_notice", "capture", "transfer_failed", "transfer_prompt",
    "still_there", "goodbye", "failure_text", "budget_text", "filler", "sounds", "http", "texts",
    "voice", "models", "providers", "turn", "overflow", "transfers", "trace_sample", "profile",
    "faqs", "knowledge", "tools", "reload", "canary", "migrate", "prompt", "on_incoming",
    "on_call_start", "on_call_end", "end_of_turn", "on_user_turn", "on_partial", "on_silence",
    "before_say", "on_tool_error", "on_dtmf", NULL};
static const char *const voice_names[] = {"id", "model", "stability", "similarity", "speed", NULL};
static const char *const model_names[] = {"chat", "stt", NULL};
static const char *const turn_names[] = {"silence_ms", "stall_ms", "patience_ms",
    "min_utterance_ms", "max_utterance_ms", "phases", "barge_in", "never_interrupts",
    "always_interrupts", "early", "idle_ms", "idle_nudges", "max_sentences", NULL};
static const char *const phase_names[] = {
    "silence_ms", "stall_ms", "patience_ms", "min_utterance_ms", "max_utterance_ms", NULL};
static const char *const overflow_names[] = {"say", "voicemail", "forward", NULL};

static void read_numbers(struct reader *reader, struct agent *agent)
{
    if (!reader_enter(reader, "", "numbers", LUA_TTABLE))
        return;
    size_t count = lua_objlen(reader->lua, -1);
    if (count > AGENT_NUMBERS_MAX)
        reader_fault(reader, "numbers", "must hold at most %d", AGENT_NUMBERS_MAX);
    for (size_t i = 0; i < count && i < AGENT_NUMBERS_MAX; i++) {
        char path[32];
        snprintf(path, sizeof path, "numbers[%zu]", i + 1);
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        const char *text =
            lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
        if (agent_is_number(text))
            slice_copy(slice_from(text), agent->numbers[agent->number_count++], 24);
        else
            reader_wrong(reader, path, "must be a number such as \"+15550100002\"");
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

static void read_voice(struct reader *reader, struct agent *agent)
{
    if (reader_enter(reader, "", "voice", LUA_TTABLE)) {
        reader_only(reader, "voice", voice_names);
        reader_text(reader, "voice", "id", agent->voice_id, sizeof agent->voice_id);
        reader_text(reader, "voice", "model", agent->tts_model, sizeof agent->tts_model);
        reader_number(reader, "voice", "stability", &agent->voice_stability, 0, 1);
        reader_number(reader, "voice", "similarity", &agent->voice_similarity, 0, 1);
        reader_number(reader, "voice", "speed", &agent->voice_speed, 0.5, 2);
        lua_pop(reader->lua, 1);
    }
    if (reader_enter(reader, "", "models", LUA_TTABLE)) {
        reader_only(reader, "models", model_names);
        reader_text(reader, "models", "chat", agent->chat_model, sizeof agent->chat_model);
        reader_text(reader, "models", "stt", agent->stt_model, sizeof agent->stt_model);
        lua_pop(reader->lua, 1);
    }
}

/* Of the table on top of the stack. */
static void read_turn_numbers(
    struct reader *reader, const char *path, struct agent_turn_numbers *numbers)
{
    reader_unsigned(reader, path, "silence_ms", &numbers->silence_ms, 100, 5000);
    reader_unsigned(reader, path, "stall_ms", &numbers->stall_ms, 0, 5000);
    reader_unsigned(reader, path, "patience_ms", &numbers->patience_ms, 0, 5000);
    reader_unsigned(reader, path, "min_utterance_ms", &numbers->min_utterance_ms, 0, 2000);
    reader_unsigned(reader, path, "max_utterance_ms", &numbers->max_utterance_ms, 1000, 60000);
}

/* One phase: the value on top of the stack, its name below. What it leaves out is the tenant's. */
static void read_phase(struct reader *reader, struct agent_turn_policy *turn)
{
    char path[64] = "turn.phases";
    bool is_named = lua_type(reader->lua, -2) == LUA_TSTRING;
    const char *name = is_named ? lua_tostring(reader->lua, -2) : "";
    struct agent_phase *phase = &turn->phases[turn->phase_count];
    if (!phase_is_name(slice_from(name))) {
        reader_fault(reader, path, "must have names such as phone_number");
        return;
    }
    snprintf(path, sizeof path, "turn.phases.%s", name);
    if (!lua_istable(reader->lua, -1)) {
        reader_wrong(reader, path, "must be a table");
        return;
    }
    slice_copy(slice_from(name), phase->name, sizeof phase->name);
    phase->numbers = turn->numbers;
    reader_only(reader, path, phase_names);
    read_turn_numbers(reader, path, &phase->numbers);
    turn->phase_count++;
}

static void read_phases(struct reader *reader, struct agent_turn_policy *turn)
{
    if (!reader_enter(reader, "turn", "phases", LUA_TTABLE))
        return;
    for (lua_pushnil(reader->lua); lua_next(reader->lua, -2); lua_pop(reader->lua, 1)) {
        if (turn->phase_count < AGENT_PHASES_MAX)
            read_phase(reader, turn);
        else
            reader_fault(reader, "turn.phases", "must hold at most %d", AGENT_PHASES_MAX);
    }
    lua_pop(reader->lua, 1);
}

static void read_turn(struct reader *reader, struct agent_turn_policy *turn)
{
    if (!reader_enter(reader, "", "turn", LUA_TTABLE))
        return;
    reader_only(reader, "turn", turn_names);
    read_turn_numbers(reader, "turn", &turn->numbers);
    read_phases(reader, turn);
    agent_read_interrupts(reader, turn);
    reader_bool(reader, "turn", "early", &turn->early);
    reader_unsigned(reader, "turn", "idle_ms", &turn->idle_ms, 0, 120000);
    reader_unsigned(reader, "turn", "idle_nudges", &turn->idle_nudges, 0, 10);
    reader_unsigned(reader, "turn", "max_sentences", &turn->max_sentences, 0, 20);
    lua_pop(reader->lua, 1);
}

static void read_forward(struct reader *reader, const struct agent *agent, const char *number)
{
    if (!agent_is_number(number))
        reader_fault(reader, "overflow.forward",
            "is \"%s\": it must be a number such as \"+15550100099\"", number);
    else if (agent_has_number(agent, number))
        reader_fault(reader, "overflow.forward", "is the agent's own number: it would ring here");
}

static void read_overflow(struct reader *reader, struct agent *agent)
{
    struct agent_overflow *overflow = &agent->overflow;
    bool is_voicemail = false;
    if (!reader_enter(reader, "", "overflow", LUA_TTABLE))
        return;
    reader_only(reader, "overflow", overflow_names);
    reader_text(reader, "overflow", "say", overflow->say, sizeof overflow->say);
    reader_bool(reader, "overflow", "voicemail", &is_voicemail);
    reader_text(reader, "overflow", "forward", overflow->forward, sizeof overflow->forward);
    if (!overflow->say[0])
        reader_fault(reader, "overflow.say", "is missing");
    if (overflow->forward[0])
        read_forward(reader, agent, overflow->forward);
    if (is_voicemail && overflow->forward[0])
        reader_fault(reader, "overflow", "must have voicemail or forward, not both");
    overflow->kind = is_voicemail           ? OVERFLOW_VOICEMAIL
                     : overflow->forward[0] ? OVERFLOW_FORWARD
                                            : OVERFLOW_SAY;
    lua_pop(reader->lua, 1);
}

static void read_notify(struct reader *reader, struct agent *agent)
{
    reader_text(reader, "", "notify", agent->notify, sizeof agent->notify);
    if (agent->notify[0] && !agent_is_number(agent->notify))
        reader_fault(reader, "notify", "is \"%s\": it must be a number such as \"+15550100099\"",
            agent->notify);
}

/* Which of three words a field says; without it the first. */
static unsigned read_word(struct reader *reader, const char *name, const char *const words[3])
{
    char word[32];
    unsigned i = 0;
    snprintf(word, sizeof word, "%s", words[0]);
    reader_text(reader, "", name, word, sizeof word);
    while (i < 3 && strcmp(word, words[i]) != 0)
        i++;
    if (i < 3)
        return i;
    reader_fault(reader, name, "is \"%s\": it must be \"%s\", \"%s\" or \"%s\"", word, words[0],
        words[1], words[2]);
    return 0;
}

static void read_capture(struct reader *reader, struct agent *agent)
{
    static const char *const words[] = {[AGENT_CAPTURE_OFF] = "off",
        [AGENT_CAPTURE_CONSENTED] = "consented",
        [AGENT_CAPTURE_ON] = "on"};
    agent->capture = (enum agent_capture)read_word(reader, "capture", words);
}

/* Who is always recorded is told so. */
static void read_recording(struct reader *reader, struct agent *agent)
{
    static const char *const words[] = {[RECORDING_NEVER] = "never",
        [RECORDING_WITH_CONSENT] = "with_consent",
        [RECORDING_ALWAYS] = "always"};
    agent->recording = (enum agent_recording)read_word(reader, "recording", words);
    reader_text(
        reader, "", "recording_notice", agent->recording_notice, sizeof agent->recording_notice);
    if (!agent->recording_notice[0])
        reader_fault(reader, "recording_notice", "must have words: callers are told");
}

static void read_agent(struct reader *reader, struct agent *agent)
{
    reader_only(reader, "", agent_names);
    reader_text(reader, "", "name", agent->name, sizeof agent->name);
    if (!agent->name[0])
        reader_fault(reader, "name", "is missing");
    read_numbers(reader, agent);
    reader_text(reader, "", "language", agent->language, sizeof agent->language);
    reader_text(reader, "", "greeting", agent->greeting, sizeof agent->greeting);
    reader_bool(reader, "", "greeting_interruptible", &agent->greeting_interruptible);
    reader_text(
        reader, "", "resume_greeting", agent->resume_greeting, sizeof agent->resume_greeting);
    reader_text(
        reader, "", "transfer_failed", agent->transfer_failed, sizeof agent->transfer_failed);
    reader_text(
        reader, "", "transfer_prompt", agent->transfer_prompt, sizeof agent->transfer_prompt);
    reader_text(reader, "", "call_back_greeting", agent->call_back_greeting,
        sizeof agent->call_back_greeting);
    reader_text(
        reader, "", "call_back_message", agent->call_back_message, sizeof agent->call_back_message);
    read_notify(reader, agent);
    read_recording(reader, agent);
    read_capture(reader, agent);
    reader_text(reader, "", "still_there", agent->still_there, sizeof agent->still_there);
    reader_text(reader, "", "goodbye", agent->goodbye, sizeof agent->goodbye);
    reader_text(reader, "", "failure_text", agent->failure_text, sizeof agent->failure_text);
    reader_text(reader, "", "budget_text", agent->budget_text, sizeof agent->budget_text);
    reader_number(reader, "", "trace_sample", &agent->trace_sample, 0, 1);
    read_voice(reader, agent);
    read_turn(reader, &agent->turn);
    read_overflow(reader, agent);
    agent_read_transfers(reader, agent);
    agent_read_http(reader, &agent->http);
    agent_read_texts(reader, &agent->texts);
    agent_read_providers(reader, agent);
}

static void read_profile(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    char why[160];
    if (!reader_enter(reader, "", "profile", LUA_TTABLE))
        return;
    if (reading->agent) {
        enum err err = script_json_read(&reading->json, reader->lua, -1, why);
        if (!err)
            err = script_json_print(
                &reading->agent->profile_json, reading->json, PROFILE_JSON_MAX_BYTES);
        const char *zone = json_string_value(json_object_get(reading->json, "time_zone"));
        slice_copy(slice_from(zone), reading->agent->time_zone, sizeof reading->agent->time_zone);
        if (err)
            reader_fault(reader, "profile", "must be plain data of at most 64 KiB: %s",
                err == ERR_BAD ? why : err_name(err));
        json_decref(reading->json);
        reading->json = NULL;
    }
    reading->program->profile_ref = luaL_ref(reader->lua, LUA_REGISTRYINDEX);
}

/* A hook's place in the registry, or LUA_NOREF. */
static int read_hook(struct reader *reader, const char *name)
{
    bool is_there = reader_enter(reader, "", name, LUA_TFUNCTION);
    return is_there ? luaL_ref(reader->lua, LUA_REGISTRYINDEX) : LUA_NOREF;
}

static void read_hooks(struct agent_reading *reading)
{
    struct program *program = reading->program;
    for (size_t i = 0; i < SCRIPT_HOOKS; i++) {
        program->hook_refs[i] = read_hook(&reading->reader, hook_rules[i].name);
        if (reading->agent)
            reading->agent->has_hook[i] = program->hook_refs[i] != LUA_NOREF;
    }
}

/* How this version takes over from others, and others from it. */
static void read_succession(struct reader *reader, struct agent *agent)
{
    char reload[16] = "next_turn";
    reader_text(reader, "", "reload", reload, sizeof reload);
    agent->keeps_calls = strcmp(reload, "next_call") == 0;
    if (!agent->keeps_calls && strcmp(reload, "next_turn") != 0)
        reader_fault(
            reader, "reload", "is \"%s\": it must be \"next_turn\" or \"next_call\"", reload);
    reader_unsigned(reader, "", "canary", &agent->canary_percent, 1, 99);
}

static int read_all(lua_State *lua)
{
    struct agent_reading *reading = lua_touserdata(lua, 1);
    reading->reader.lua = lua;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, reading->program->agent_ref);
    if (reading->agent) {
        read_agent(&reading->reader, reading->agent);
        agent_read_filler(reading);
        agent_read_knowledge(reading);
        agent_read_sounds(reading);
        read_succession(&reading->reader, reading->agent);
    }
    read_profile(reading);
    agent_read_tools(reading);
    read_hooks(reading);
    reading->program->migrate_ref = read_hook(&reading->reader, "migrate");
    if (reading->agent)
        reading->agent->has_migrate = reading->program->migrate_ref != LUA_NOREF;
    if (reader_enter(&reading->reader, "", "prompt", LUA_TFUNCTION))
        reading->program->prompt_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    else
        reader_fault(&reading->reader, "prompt", "is missing");
    return 0;
}

static enum err read_program(struct agent_reading *reading, char why[512])
{
    reading->reader =
        (struct reader){.sources = reading->program->sources, .file = "agent.lua", .why = why};
    reading->tools = json_array();
    reading->schemas = json_object();
    why[0] = 0;
    enum err err = reading->tools && reading->schemas
                       ? vm_protect(reading->program->vm, read_all, reading, why)
                       : ERR_NOMEM;
    json_decref(reading->json);
    return err ? err : why[0] ? ERR_BAD : ERR_OK;
}

static struct agent *make_agent(const struct sources *sources)
{
    struct agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        return NULL;
    atomic_init(&agent->references, 1);
    memcpy(agent->tenant_id, sources->tenant_id, sizeof agent->tenant_id);
    memcpy(agent->language, "en", 3);
    memcpy(agent->resume_greeting, RESUME_GREETING, sizeof RESUME_GREETING);
    memcpy(agent->transfer_failed, TRANSFER_FAILED, sizeof TRANSFER_FAILED);
    memcpy(agent->transfer_prompt, TRANSFER_PROMPT, sizeof TRANSFER_PROMPT);
    memcpy(agent->recording_notice, RECORDING_NOTICE, sizeof RECORDING_NOTICE);
    memcpy(agent->still_there, STILL_THERE, sizeof STILL_THERE);
    memcpy(agent->goodbye, GOODBYE, sizeof GOODBYE);
    memcpy(agent->budget_text, BUDGET_TEXT, sizeof BUDGET_TEXT);
    agent->greeting_interruptible = true;
    agent->voice_stability = agent->voice_similarity = agent->voice_speed = -1;
    agent->trace_sample = -1;
    agent->turn = (struct agent_turn_policy){.numbers = {.silence_ms = 500,
                                                 .stall_ms = 600,
                                                 .patience_ms = 400,
                                                 .min_utterance_ms = 350,
                                                 .max_utterance_ms = 8000},
        .barge_in = AGENT_BARGE_IN_NORMAL,
        .always_interrupts = {.text = {"stop", "wait", "hold on"}, .count = 3},
        .early = true,
        .idle_ms = 8000,
        .idle_nudges = 2,
        .max_sentences = 2};
    return agent;
}

enum err agent_read(struct agent **out, json_t **schemas, struct program *program, char why[512])
{
    struct agent_reading reading = {.program = program, .agent = make_agent(program->sources)};
    snprintf(why, 512, "no memory");
    if (!reading.agent)
        return ERR_NOMEM;
    enum err err = read_program(&reading, why);
    struct agent *agent = reading.agent;
    if (!err && script_json_print(&agent->tools_json, reading.tools, TOOLS_JSON_MAX_BYTES)) {
        snprintf(why, 512, "agent.lua:1: tools take more than 64 KiB");
        err = ERR_BAD;
    }
    if (!err && !agent->profile_json)
        agent->profile_json = slice_dup(SLICE("{}"));
    agent->tool_count = program->tool_count;
    agent->tools_tokens = agent->tool_count ? tokens_estimate(slice_from(agent->tools_json)) : 0;
    sources_version(program->sources, agent->version); /* a sound is read with the agent */
    json_decref(reading.tools);
    if (err) {
        json_decref(reading.schemas);
        agent_release(agent);
        return err;
    }
    *out = agent;
    *schemas = reading.schemas;
    return ERR_OK;
}

enum err agent_read_references(struct program *program, char why[512])
{
    struct agent_reading reading = {.program = program};
    enum err err = read_program(&reading, why);
    json_decref(reading.tools);
    json_decref(reading.schemas);
    return err;
}
