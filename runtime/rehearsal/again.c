#include "rehearsal/again.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/tool_text.h"
#include "rehearsal/stage.h"
#include "script/version.h"

/* ---- what the stage asks and tells ---- */

void again_on_turn(struct stage *stage)
{
    const struct session *session = stage->session;
    const char *words = stage->reply.heard_words;
    if (session->again)
        session->again->on_turn(session->again_owner, stage->turn_number, words ? words : "");
}

void again_on_said(struct stage *stage, const char *words)
{
    const struct session *session = stage->session;
    if (session->again)
        session->again->on_said(session->again_owner, stage->turn_number, words);
}

void again_on_hook(struct stage *stage, const char *name, const char *answer)
{
    const struct session *session = stage->session;
    if (session->again && answer)
        session->again->on_hook(session->again_owner, stage->turn_number, name, answer);
}

void again_on_state(struct stage *stage)
{
    const struct session *session = stage->session;
    if (session->again)
        session->again->on_state(
            session->again_owner, stage->turn_number, stage->phase, stage->call.state_json);
}

void again_on_end(struct stage *stage, const char *how)
{
    const struct session *session = stage->session;
    if (session->again)
        session->again->on_end(session->again_owner, stage->turn_number, how);
}

json_t *again_answer_model(struct stage *stage)
{
    const struct session *session = stage->session;
    const char *tools = session->version->agent->tools_json;
    char *messages = conversation_json(&stage->conversation, stage->system_prompt);
    struct again_question question = {.turn = stage->turn_number,
        .round = ++stage->reply.rounds,
        .prompt = stage->system_prompt ? stage->system_prompt : "",
        .messages = messages ? messages : "[]",
        .tools = tools ? tools : "[]"};
    json_t *answer = session->again->answer_model(session->again_owner, &question);
    free(messages);
    return answer;
}

json_t *again_answer_outside(
    struct stage *stage, const char *module, const char *function, const json_t *arguments)
{
    const struct session *session = stage->session;
    return session->again->answer_outside(
        session->again_owner, stage->turn_number, module, function, arguments);
}

/* ---- tools: their answers, without their doings ---- */

static void take_state(struct stage *stage, const json_t *answer)
{
    const char *phase = json_string_value(json_object_get(answer, "phase"));
    json_t *state = json_object_get(answer, "state");
    if (json_is_object(state)) {
        call_drop_object(&stage->call); /* it is made anew of what is kept */
        free(stage->call.state_json);
        stage->call.state_json = json_dumps(state, JSON_COMPACT);
    }
    if (phase && strlen(phase) < sizeof stage->call.phase) {
        call_drop_object(&stage->call);
        memcpy(stage->call.phase, phase, strlen(phase) + 1);
        stage_take_phase(stage, phase);
    }
    again_on_state(stage);
}

/* False: today's version does not take the call. */
static bool is_taken(struct stage *stage, json_t *tool, const char *name, const char *arguments)
{
    json_t *values = NULL;
    char *refusal = NULL;
    const struct session *session = stage->session;
    enum err err =
        version_tool_values(&values, &refusal, session->version, name, slice_from(arguments));
    json_decref(values);
    if (!err)
        return true;
    const char *result = refusal ? refusal : "{\"error\":\"failed\"}";
    session->again->on_refused(session->again_owner, stage->turn_number, name, arguments, result);
    json_object_set_new(tool, "result", json_string(result));
    free(refusal);
    return false;
}

void again_answer_tool(struct stage *stage, json_t *tool)
{
    const struct session *session = stage->session;
    const char *name = json_string_value(json_object_get(tool, "name"));
    const char *arguments = json_string_value(json_object_get(tool, "arguments"));
    if (!is_taken(stage, tool, name, arguments))
        return;
    json_t *answer =
        session->again->answer_tool(session->again_owner, stage->turn_number, name, arguments);
    const char *result = json_string_value(json_object_get(answer, "result"));
    json_object_set_new(tool, "result",
        json_string(result ? result : "{\"error\":\"unavailable\",\"hint\":\"not recorded\"}"));
    stage_note(stage, "", "→ %s", result ? result : "(not recorded)");
    if (answer)
        take_state(stage, answer);
    json_decref(answer);
}

/* ---- the call ---- */

static void take_text(char *out, size_t size, const json_t *call, const char *name)
{
    const char *text = json_string_value(json_object_get(call, name));
    if (text)
        slice_copy(slice_from(text), out, size);
}

/* A plan of plain data: nothing of it lies in a VM. */
static void plan_of(struct plan *plan, const json_t *call)
{
    *plan = (struct plan){.stubs_ref = LUA_NOREF, .name = "again", .caller = "anonymous"};
    take_text(plan->caller, sizeof plan->caller, call, "caller");
    take_text(plan->called, sizeof plan->called, call, "called");
    plan->latency = json_incref(json_object_get(call, "latency"));
    plan->incoming = json_incref(json_object_get(call, "incoming"));
    plan->steps = json_incref(json_object_get(call, "steps"));
}

static enum err hold(struct session *session, const struct plan *plan, char why[512])
{
    struct stage *stage = calloc(1, sizeof *stage);
    snprintf(why, 512, "no memory");
    if (!stage)
        return ERR_NOMEM;
    enum err err = stage_open(stage, session, plan);
    if (!err) {
        session->stage = stage;
        play(stage);
        if (stage->fault[0]) {
            snprintf(why, 512, "%s", stage->fault);
            err = ERR_BAD;
        }
    }
    stage_close(stage);
    session->stage = NULL;
    free(stage);
    return err;
}

enum err rehearse_again(const struct again_options *options, char why[512])
{
    struct plan plan;
    struct session session = {.again = options->ops, .again_owner = options->owner};
    struct rehearsal_options rehearsal = {.scripts_path = options->scripts_path,
        .tenant_id = options->tenant_id,
        .cpu_ms = options->cpu_ms,
        .clock_ms = options->clock_ms};
    plan_of(&plan, options->call);
    session.wall_ms = (uint64_t)json_integer_value(json_object_get(options->call, "now_ms"));
    enum err err = session_open(&session, &rehearsal, why);
    if (!err)
        err = hold(&session, &plan, why);
    session_close(&session);
    plan_close(&plan);
    return err;
}
