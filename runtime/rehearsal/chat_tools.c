/* The tools a round of the model asked for, and what the tenant says of those that failed. */
#include <stdlib.h>
#include <string.h>

#include "live/tool_text.h"
#include "rehearsal/chat_internal.h"

#define DRY_RESULT "{\"ok\":true,\"dry_run\":\"nothing was done; go on as if it had been\"}"

static const char *member(const json_t *tool, const char *name)
{
    const char *text = json_string_value(json_object_get(tool, name));
    return text ? text : "";
}

static void set_result(json_t *tool, const char *text)
{
    json_object_set_new(tool, "result", json_string(text));
}

/* NULL: there was no memory for it. */
static void set_result_take(json_t *tool, char *text)
{
    if (text)
        set_result(tool, text);
    free(text);
}

static json_t *find(const struct chat *chat, const char *id)
{
    size_t i;
    json_t *tool;
    json_array_foreach(chat->tool_calls, i, tool)
    {
        if (id && strcmp(member(tool, "id"), id) == 0)
            return tool;
    }
    return NULL;
}

static void start(struct chat *chat, json_t *tool)
{
    bool is_dry = chat->options.is_dry;
    chat_note(chat, "%s %s%s", member(tool, "name"), member(tool, "arguments"),
        is_dry ? "  (dry: not run)" : "");
    struct script_job *job = is_dry ? NULL : chat_job(chat, SCRIPT_TOOL);
    if (job) {
        job->tool_name = strdup(member(tool, "name"));
        job->tool_call_id = strdup(member(tool, "id"));
        job->arguments = strdup(member(tool, "arguments"));
    }
    if (chat_send(chat, job))
        chat->tools_waiting++;
    else
        set_result(tool, is_dry ? DRY_RESULT : "{\"error\":\"unavailable\"}");
}

/* ---- results ---- */

static void add_history(struct chat *chat, const struct script_result *result)
{
    struct strbuf line;
    strbuf_init(&line, 4096);
    strbuf_printf(&line, "%s(%s) → %s", result->tool_name ? result->tool_name : "",
        result->arguments ? result->arguments : "", result->text ? result->text : "");
    chat_history_add(chat, "tool", strbuf_slice(&line), result->turn);
    strbuf_free(&line);
}

/* What is waited for is kept, and the hook asked when all are there. */
static void keep(json_t *tool, const struct script_result *result, unsigned *refused)
{
    if (result->ending == SCRIPT_TIMEOUT)
        set_result_take(tool, tool_text_late(result->failure_text));
    else
        set_result(tool, result->text ? result->text : "{\"error\":\"failed\"}");
    if (result->ending == SCRIPT_TIMEOUT)
        json_object_set_new(
            tool, "given_up", json_string(result->failure_text ? result->failure_text : ""));
    if (tool_text_is_failure(result, refused))
        json_object_set_new(tool, "is_failure", json_true());
}

void chat_tools_result(struct chat *chat, const struct script_result *result)
{
    json_t *tool = find(chat, result->tool_call_id);
    bool is_open = tool && (!json_object_get(tool, "result") || json_object_get(tool, "is_late"));
    bool is_done = result->ending == SCRIPT_DONE;
    chat_note(chat, "%s%s → %s%s%s", result->is_late ? "late: " : "", result->tool_name,
        result->text ? result->text : "", is_done ? "" : "  ",
        is_done || !result->why ? "" : result->why);
    add_history(chat, result);
    if (is_open && chat->options.is_text && result->ending == SCRIPT_TIMEOUT) {
        set_result_take(tool, tool_text_late(result->failure_text));
        json_object_set_new(tool, "is_late", json_true());
        chat_text_wait(chat);
    } else if (is_open) {
        keep(tool, result, &chat->tools_refused);
        json_object_del(tool, "is_late");
        chat->tools_waiting--;
    } else {
        conversation_correct_tool_result(
            &chat->conversation, result->tool_call_id, slice_from(result->text));
    }
}

/* ---- on_tool_error ---- */

static void ask_about(struct chat *chat, json_t *tool)
{
    const char *result = member(tool, "result");
    json_t *value = chat_ask_hook(chat, HOOK_ON_TOOL_ERROR, NULL,
        json_pack("[s, o]", member(tool, "name"), tool_text_error(result)));
    const char *words = json_string_value(value);
    if (words) {
        set_result_take(tool, tool_text_said(result, words));
        json_object_set(tool, "given_up", value);
        json_object_set_new(tool, "is_own", json_true());
    } else if (json_is_object(value) || json_is_array(value)) {
        set_result_take(tool, json_dumps(value, JSON_COMPACT));
        json_object_del(tool, "given_up");
        chat_note(chat, "on_tool_error: %s → %s", member(tool, "name"), member(tool, "result"));
    }
    json_decref(value);
}

/* The first that has words for it; NULL: a result is worth asking the model, or there are no words. */
static const json_t *given_up(const struct chat *chat)
{
    const json_t *first = NULL;
    size_t i;
    json_t *tool;
    json_array_foreach(chat->tool_calls, i, tool)
    {
        if (!json_object_get(tool, "given_up"))
            return NULL;
        if (!first && member(tool, "given_up")[0])
            first = tool;
    }
    return first;
}

static void settle(struct chat *chat)
{
    size_t i;
    json_t *tool;
    json_array_foreach(chat->tool_calls, i, tool)
    {
        if (json_object_get(tool, "is_failure") && !chat->options.is_text)
            ask_about(chat, tool);
        conversation_add_tool_result(
            &chat->conversation, member(tool, "id"), slice_from(member(tool, "result")));
        if (chat->options.is_dry)
            chat_note(chat, "%s → %s", member(tool, "name"), member(tool, "result"));
    }
}

bool chat_tools_run(struct chat *chat, const json_t *calls)
{
    size_t i;
    json_t *tool;
    json_decref(chat->tool_calls);
    chat->tool_calls = json_deep_copy(calls);
    conversation_add_tool_calls(
        &chat->conversation, slice_trim(strbuf_slice(&chat->untold)), calls);
    strbuf_clear(&chat->untold);
    json_array_foreach(chat->tool_calls, i, tool) start(chat, tool);
    while (chat->tools_waiting)
        net_loop_run(chat->options.loop);
    settle(chat);
    const json_t *words = given_up(chat);
    if (words && json_object_get(words, "is_own"))
        chat_say_own(chat, slice_from(member(words, "given_up")));
    else if (words)
        chat_say(chat, slice_from(member(words, "given_up")));
    return !words;
}
