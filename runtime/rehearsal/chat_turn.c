#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rehearsal/chat_internal.h"

#define TOOL_CALLS_MAX 8
#define DRY_RESULT "{\"ok\":true,\"dry_run\":\"nothing was done; go on as if it had been\"}"

static void end_turn(struct chat *chat)
{
    net_loop_stop(chat->options.loop);
}

static void fail_turn(struct chat *chat, const char *why)
{
    chat_note(chat, "%s", why);
    chat->failures++;
    conversation_drop_caller(&chat->conversation);
    end_turn(chat);
}

/* ---- the script ---- */

static struct script_job *make_job(struct chat *chat, enum script_job_kind kind)
{
    struct script_job *job = script_job_make(kind);
    if (!job)
        return NULL;
    job->reply = &chat->results;
    job->turn = chat->turn;
    job->epoch = chat->turn;
    job->facts = chat->facts;
    return job;
}

static bool send(struct chat *chat, struct script_job *job)
{
    if (job && script_host_send(chat->options.host, job) == ERR_OK)
        return true;
    script_job_free(job);
    return false;
}

static void take_state(struct chat *chat, struct script_result *result)
{
    if (result->state_json) {
        free(chat->state_json);
        chat->state_json = result->state_json;
        result->state_json = NULL;
    }
    if (strcmp(chat->phase, result->phase) == 0)
        return;
    memcpy(chat->phase, result->phase, sizeof chat->phase);
    chat_note(chat, "phase %s", chat->phase[0] ? chat->phase : "(none)");
}

static void ask_model(struct chat *chat)
{
    char *messages = conversation_json(&chat->conversation, chat->system_prompt);
    const char *tools = chat->agent->tool_count ? chat->agent->tools_json : "";
    struct llm_settings settings = chat->options.llm;
    if (chat->agent->chat_model[0])
        settings.model = chat->agent->chat_model;
    if (!messages || chat_model_ask(chat->model, &settings, slice_from(messages), slice_from(tools),
                         chat->agent->turn.max_sentences))
        fail_turn(chat, "the model could not be asked");
    free(messages);
}

static void prompt_result(struct chat *chat, struct script_result *result)
{
    if (result->ending != SCRIPT_DONE || !result->text) {
        fail_turn(chat, result->why ? result->why : "the prompt failed");
        return;
    }
    if (result->agent) {
        agent_release(chat->agent);
        chat->agent = agent_hold(result->agent);
    }
    free(chat->system_prompt);
    chat->system_prompt = result->text;
    result->text = NULL;
    ask_model(chat);
}

/* ---- tools ---- */

static const char *member(const json_t *tool, const char *name)
{
    const char *text = json_string_value(json_object_get(tool, name));
    return text ? text : "";
}

static void set_result(struct chat *chat, json_t *tool, const char *text, const char *why)
{
    chat_note(chat, "%s → %s%s%s", member(tool, "name"), text, why ? "  " : "", why ? why : "");
    conversation_add_tool_result(&chat->conversation, member(tool, "id"), slice_from(text));
    json_object_set_new(tool, "is_done", json_true());
}

static void tool_result(struct chat *chat, struct script_result *result)
{
    size_t i;
    json_t *tool;
    json_array_foreach(chat->tool_calls, i, tool)
    {
        bool is_it = result->tool_call_id && strcmp(member(tool, "id"), result->tool_call_id) == 0;
        if (!is_it || json_object_get(tool, "is_done"))
            continue;
        set_result(chat, tool, result->text ? result->text : "{\"error\":\"failed\"}",
            result->ending == SCRIPT_DONE ? NULL : result->why);
        if (--chat->tools_waiting == 0)
            ask_model(chat);
        return;
    }
    chat_note(chat, "late: %s → %s", result->tool_name, result->text ? result->text : "");
}

static void start_tool(struct chat *chat, json_t *tool)
{
    chat_note(chat, "%s %s%s", member(tool, "name"), member(tool, "arguments"),
        chat->options.is_dry ? "  (dry: not run)" : "");
    struct script_job *job = chat->options.is_dry ? NULL : make_job(chat, SCRIPT_TOOL);
    if (job) {
        job->tool_name = strdup(member(tool, "name"));
        job->tool_call_id = strdup(member(tool, "id"));
        job->arguments = strdup(member(tool, "arguments"));
    }
    if (job && send(chat, job))
        chat->tools_waiting++;
    else
        set_result(
            chat, tool, chat->options.is_dry ? DRY_RESULT : "{\"error\":\"unavailable\"}", NULL);
}

static void run_tools(struct chat *chat, struct slice said, json_t *calls_take)
{
    size_t i;
    json_t *tool;
    json_decref(chat->tool_calls);
    chat->tool_calls = calls_take;
    conversation_add_tool_calls(&chat->conversation, said, calls_take);
    json_array_foreach(calls_take, i, tool) start_tool(chat, tool);
    if (chat->tools_waiting == 0)
        ask_model(chat);
}

/* ---- the model's answer ---- */

static void record(struct chat *chat, struct slice said, const json_t *calls)
{
    if (!chat->recorded)
        return;
    json_t *tools = json_array();
    size_t i;
    json_t *call;
    json_array_foreach((json_t *)calls, i, call)
    {
        json_t *args = json_loads(member(call, "arguments"), 0, NULL);
        json_array_append_new(tools, json_pack("{s:s, s:o}", "tool", member(call, "name"), "args",
                                         args ? args : json_object()));
    }
    json_array_append_new(chat->recorded,
        json_pack("{s:s%, s:o}", "say", said.data ? said.data : "", said.len, "tools", tools));
    if (json_dump_file(chat->recorded, chat->options.record, JSON_INDENT(2)))
        chat_note(chat, "%s cannot be written", chat->options.record);
}

static void on_piece(void *owner, struct slice piece, bool is_first)
{
    struct chat *chat = owner;
    if (is_first)
        fprintf(chat->options.out, "%s:", chat->agent->name);
    fprintf(chat->options.out, " %.*s", (int)piece.len, piece.data);
    fflush(chat->options.out);
}

static void on_answer(void *owner, const struct chat_answer *answer)
{
    struct chat *chat = owner;
    if (answer->said.len)
        fprintf(chat->options.out, "\n");
    if (answer->unsaid.len)
        chat_note(chat, "not spoken, past the limit of sentences: %.*s", (int)answer->unsaid.len,
            answer->unsaid.data);
    record(chat, answer->written, answer->calls);
    chat_note(chat, "%u ms to the first word, %u in all; %u + %u tokens", answer->first_ms,
        answer->total_ms, answer->usage.prompt_tokens, answer->usage.completion_tokens);
    if (json_array_size(answer->calls) && chat->tools_asked < TOOL_CALLS_MAX) {
        chat->tools_asked += (unsigned)json_array_size(answer->calls);
        run_tools(chat, answer->said, json_incref(answer->calls));
        return;
    }
    strbuf_add_slice(&chat->aside, answer->said);
    conversation_add_agent(&chat->conversation, slice_trim(strbuf_slice(&chat->aside)));
    strbuf_clear(&chat->aside);
    chat->is_over = chat->wants_end;
    end_turn(chat);
}

static void on_failed(void *owner, enum err err, const char *why)
{
    struct chat *chat = owner;
    char text[512];
    snprintf(text, sizeof text, "the model at %s: %s%s", chat->options.llm.base_url, why,
        err == ERR_UNREACHABLE ? ". Is `moonline sandbox` running? Or set OPENAI_API_KEY and "
                                 "OPENAI_BASE_URL for a real one"
                               : "");
    fail_turn(chat, text);
}

const struct chat_model_listener chat_answers = {
    .on_piece = on_piece, .on_answer = on_answer, .on_failed = on_failed};

/* ---- results ---- */

void chat_collect(void *owner)
{
    struct chat *chat = owner;
    struct letter *letter = mailbox_take_all(&chat->results);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        take_state(chat, result);
        if (result->kind == SCRIPT_PROMPT)
            prompt_result(chat, result);
        else if (result->kind == SCRIPT_TOOL)
            tool_result(chat, result);
        script_result_free(result);
    }
}

/* ---- a question ---- */

bool chat_ask(struct chat *chat, const char *line)
{
    chat->turn++;
    chat->tools_asked = 0;
    chat->tools_waiting = 0;
    struct script_job *job = make_job(chat, SCRIPT_PROMPT);
    if (job)
        job->utterance = strdup(line);
    return send(chat, job);
}
