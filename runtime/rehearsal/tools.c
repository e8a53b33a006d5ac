/* The tools a reply asked for, into the VM and their results into the conversation. */
#include <stdlib.h>
#include <string.h>

#include "live/tool_text.h"
#include "rehearsal/stage.h"

static const char *member(const json_t *tool, const char *name)
{
    return json_string_value(json_object_get(tool, name));
}

static void set_result(json_t *tool, const char *text)
{
    json_object_set_new(tool, "result", json_string(text));
}

static json_t *json_or_text(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return value ? value : json_string(text ? text : "");
}

static void into_conversation(struct stage *stage)
{
    json_t *calls = stage->reply.tool_calls;
    conversation_add_tool_results(&stage->conversation, calls);
    json_decref(calls);
    stage->reply.tool_calls = json_array();
}

static void finish(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    bool fails_open = reply->failure_text && tool_text_all_given_up(reply->tool_calls);
    into_conversation(stage);
    stage_event(
        stage, (struct turn_event){
                   .kind = TURN_EVENT_TOOLS_DONE, .epoch = reply->epoch, .flag = fails_open});
}

static void note_asked(struct stage *stage, const json_t *tool)
{
    stage_note(stage, "tool", "%s %s", member(tool, "name"), member(tool, "arguments"));
    json_array_append_new(stage->happened.tools,
        json_pack("{s:O, s:O, s:o, s:I}", "id", json_object_get(tool, "id"), "name",
            json_object_get(tool, "name"), "args", json_or_text(member(tool, "arguments")), "at_ms",
            (json_int_t)stage->now_ms));
}

void stage_tools_run(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    size_t i;
    json_t *tool;
    struct slice text = strbuf_slice(&reply->text);
    if (text.len)
        text = (struct slice){text.data + reply->told_bytes, text.len - reply->told_bytes};
    conversation_add_tool_calls(&stage->conversation, slice_trim(text), reply->tool_calls);
    reply->told_bytes = reply->text.len;
    json_array_foreach(reply->tool_calls, i, tool)
    {
        note_asked(stage, tool);
        if (json_object_get(tool, "result"))
            continue; /* refused */
        if (stage->session->again)
            again_answer_tool(stage, tool);
        else if (backstage_ask_tool(stage, tool))
            reply->tools_waiting++;
        else
            set_result(tool, "{\"error\":\"unavailable\"}");
    }
    if (reply->tools_waiting == 0)
        finish(stage);
}

static json_t *find(json_t *list, const char *id)
{
    size_t i;
    json_t *tool;
    json_array_foreach(list, i, tool)
    {
        if (id && strcmp(member(tool, "id"), id) == 0)
            return tool;
    }
    return NULL;
}

static void give_up(struct stage_reply *reply, json_t *tool, const char *words)
{
    json_object_set_new(tool, "is_given_up", json_true());
    if (!reply->failure_text && words)
        reply->failure_text = strdup(words);
}

static void set_late(struct stage_reply *reply, json_t *tool, const struct script_result *result)
{
    char *text = tool_text_late(result->failure_text);
    set_result(tool, text ? text : CONVERSATION_NO_RESULT);
    free(text);
    give_up(reply, tool, result->failure_text);
}

/* ---- on_tool_error ---- */

/* NULL: there was no memory for it. */
static void set_result_take(json_t *tool, char *text)
{
    if (text)
        set_result(tool, text);
    free(text);
}

static void ask_about(struct stage *stage, json_t *tool, const struct script_result *result)
{
    struct stage_reply *reply = &stage->reply;
    bool has_hook = stage->session->version->agent->has_hook[HOOK_ON_TOOL_ERROR];
    if (!tool_text_is_failure(result, &reply->tools_refused) || !has_hook)
        return;
    json_t *value = backstage_ask_now(stage, HOOK_ON_TOOL_ERROR,
        json_pack("[s, o]", member(tool, "name"), tool_text_error(member(tool, "result"))));
    if (json_is_string(
            value)) { /* in place of the model's words; it reads them beside another tool's result */
        set_result_take(tool, tool_text_said(member(tool, "result"), json_string_value(value)));
        reply->is_failure_own = !reply->failure_text;
        give_up(reply, tool, json_string_value(value));
    } else if (json_is_object(value) || json_is_array(value)) {
        json_object_del(tool, "is_given_up");
        set_result_take(tool, json_dumps(value, JSON_COMPACT));
    }
    json_decref(value);
}

static void note_result(struct stage *stage, const struct script_result *result)
{
    bool is_done = result->ending == SCRIPT_DONE;
    json_t *value = json_or_text(result->text);
    stage_note(stage, "", "→ %s%s%s", result->text ? result->text : "", is_done ? "" : "  ",
        is_done || !result->why ? "" : result->why);
    struct strbuf line;
    strbuf_init(&line, 4096);
    strbuf_printf(&line, "%s(%s) → %s", result->tool_name ? result->tool_name : "",
        result->arguments ? result->arguments : "", result->text ? result->text : "");
    history_add(&stage->call.history, "tool", strbuf_slice(&line), result->turn);
    strbuf_free(&line);
    json_t *seen = find(stage->happened.tools, result->tool_call_id);
    if (seen && result->ending != SCRIPT_TIMEOUT)
        json_object_set(seen, "result", value);
    json_decref(value);
}

void stage_tools_result(struct stage *stage, struct script_result *result)
{
    struct stage_reply *reply = &stage->reply;
    note_result(stage, result);
    stage_take_phase(stage, result->phase);
    json_t *tool =
        result->epoch == reply->epoch ? find(reply->tool_calls, result->tool_call_id) : NULL;
    bool is_waited_for = tool && !json_object_get(tool, "result");
    if (!tool) /* the reply went on without it; what it did counts all the same */
        conversation_correct_tool_result(
            &stage->conversation, result->tool_call_id, slice_from(result->text));
    else if (result->ending == SCRIPT_TIMEOUT)
        set_late(reply, tool, result);
    else
        set_result(tool, result->text ? result->text : "{\"error\":\"failed\"}");
    if (tool && result->is_late && result->ending == SCRIPT_DONE)
        json_object_del(tool, "is_given_up");
    if (is_waited_for && !result->is_late)
        ask_about(stage, tool, result);
    if (is_waited_for && --reply->tools_waiting == 0)
        finish(stage);
}

void stage_tools_cancel(struct stage *stage)
{
    if (stage->reply.tools_waiting == 0)
        return;
    stage->reply.tools_waiting = 0;
    into_conversation(stage);
}
