#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rehearsal/chat_internal.h"
#include "text/tokens.h"

#define TOOL_CALLS_MAX 8

void chat_fail_turn(struct chat *chat, const char *why)
{
    chat_note(chat, "%s", why);
    chat->failures++;
    conversation_drop_caller(&chat->conversation);
    chat_history_drop_caller(chat);
    if (chat->options.is_text)
        chat_text_leave(chat, "no answer");
}

/* ---- the model ---- */

static void on_answer(void *owner, const struct chat_answer *answer)
{
    struct chat *chat = owner;
    chat->answer = *answer;
    chat->answer.calls = json_incref(answer->calls);
    chat->has_answer = true;
    net_loop_stop(chat->options.loop);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct chat *chat = owner;
    char text[512];
    snprintf(text, sizeof text, "the model at %s: %s%s", chat->options.llm.base_url, failure->why,
        failure->err == ERR_UNREACHABLE
            ? ". Is `moonline sandbox` running? Or set OPENAI_API_KEY and "
              "OPENAI_BASE_URL for a real one"
            : "");
    chat->has_failed = true;
    chat_fail_turn(chat, text);
    net_loop_stop(chat->options.loop);
}

const struct chat_model_listener chat_answers = {
    .on_piece = chat_words_piece, .on_answer = on_answer, .on_failed = on_failed};

static const char *member(const json_t *tool, const char *name)
{
    const char *text = json_string_value(json_object_get(tool, name));
    return text ? text : "";
}

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
                                         args ? args : json_string(member(call, "arguments"))));
    }
    json_array_append_new(chat->recorded,
        json_pack("{s:s%, s:o}", "say", said.data ? said.data : "", said.len, "tools", tools));
    if (json_dump_file(chat->recorded, chat->options.record, JSON_INDENT(2)))
        chat_note(chat, "%s cannot be written", chat->options.record);
}

static enum err start_model(struct chat *chat)
{
    char *messages = conversation_json(&chat->conversation, chat->system_prompt);
    const char *tools = chat->agent->tool_count ? chat->agent->tools_json : "";
    struct llm_settings settings = chat->options.llm;
    if (chat->agent->chat_model[0])
        settings.model = chat->agent->chat_model;
    enum err err =
        messages ? chat_model_ask(chat->model, &settings, slice_from(messages), slice_from(tools))
                 : ERR_NOMEM;
    free(messages);
    return err;
}

/* False: there is no answer, and that was told. */
static bool ask_model(struct chat *chat)
{
    chat_words_begin(chat);
    json_decref(chat->answer.calls);
    chat->answer = (struct chat_answer){0};
    chat->has_answer = chat->has_failed = false;
    if (start_model(chat)) {
        chat_fail_turn(chat, "the model could not be asked");
        return false;
    }
    while (!chat->has_answer && !chat->has_failed)
        net_loop_run(chat->options.loop);
    chat_words_end(chat);
    if (!chat->has_answer)
        return false;
    const struct chat_answer *answer = &chat->answer;
    record(chat, answer->written, answer->calls);
    chat_note(chat, "%u ms to the first word, %u in all; %u + %u tokens", answer->first_ms,
        answer->total_ms, answer->usage.prompt_tokens, answer->usage.completion_tokens);
    return true;
}

/* As in a call, at a turn's beginning. */
static void fit(struct chat *chat)
{
    unsigned own = chat->options.llm.context_tokens;
    size_t beside = tokens_estimate(slice_from(chat->system_prompt)) + chat->agent->tools_tokens;
    if (conversation_fit(&chat->conversation, beside, own ? own : LLM_CONTEXT_TOKENS))
        chat_note(chat, "the beginning is left out: more than the model is told");
}

/* Round by round: results of tools lead to the next question. */
static void converse(struct chat *chat)
{
    bool goes_on = true;
    fit(chat);
    while (goes_on && ask_model(chat)) {
        size_t count = json_array_size(chat->answer.calls);
        goes_on = count && chat->tools_asked < TOOL_CALLS_MAX;
        chat->tools_asked += (unsigned)count;
        if (!count && chat->options.is_text)
            chat_text_answer(chat, chat->answer.written, false);
        goes_on = goes_on && chat_tools_run(chat, chat->answer.calls);
    }
}

/* ---- the prompt ---- */

static bool ask_prompt(struct chat *chat, const char *words, bool is_turn_begun)
{
    struct script_job *job = chat_job(chat, SCRIPT_PROMPT);
    if (job) {
        job->utterance = strdup(words);
        job->is_turn_begun = is_turn_begun;
    }
    struct script_result *result = chat_run(chat, job);
    bool is_there = result && result->ending == SCRIPT_DONE && result->text;
    if (!is_there) {
        chat_fail_turn(chat, result && result->why ? result->why : "the prompt failed");
        script_result_free(result);
        return false;
    }
    chat_take_agent(chat, result);
    free(chat->system_prompt);
    chat->system_prompt =
        chat->options.is_text ? chat_text_prompt(chat, result->text) : result->text;
    if (!chat->options.is_text)
        result->text = NULL;
    script_result_free(result);
    return true;
}

/* ---- a turn ---- */

static void say_own(struct chat *chat, struct slice text)
{
    if (chat->options.is_text)
        chat_text_answer(chat, text, true);
    else
        chat_say_own(chat, text);
}

static void act(struct chat *chat, const json_t *table)
{
    if (chat->options.is_text) {
        chat_text_act(chat, table);
        return;
    }
    const char *number = json_string_value(json_object_get(table, "transfer"));
    chat_say_own(chat, slice_from(json_string_value(json_object_get(table, "say"))));
    if (number)
        chat_note(chat, "on_user_turn: here the caller would be put through to %s", number);
    else if (json_object_get(table, "hangup"))
        chat_note(chat, "on_user_turn: the call ends");
    chat->is_transferred |= number != NULL;
    chat->wants_end |= number || json_object_get(table, "hangup");
}

/* True: the script has answered. Otherwise `value` may word anew what the model reads. */
static bool is_answered(struct chat *chat, const json_t *value, const char **words)
{
    const char *text = json_string_value(value);
    const char *reworded = json_string_value(json_object_get(value, "rewrite"));
    if (text) {
        say_own(chat, slice_from(text));
        chat_note(chat, "answered by on_user_turn");
    } else if (reworded) {
        chat_note(chat, "on_user_turn: the model reads: %s", reworded);
        conversation_drop_caller(&chat->conversation);
        conversation_add_caller(&chat->conversation, slice_from(reworded));
        *words = reworded;
    } else if (json_is_object(value)) {
        act(chat, value);
    }
    return text || (json_is_object(value) && !reworded);
}

void chat_turn(struct chat *chat, const char *words)
{
    bool is_callers = words[0] != 0;
    bool has_hook = is_callers && chat_has_hook(chat, HOOK_ON_USER_TURN);
    const char *said = words;
    chat->turn++;
    chat->tools_asked = chat->tools_refused = 0;
    if (is_callers)
        conversation_add_caller(&chat->conversation, slice_from(words));
    json_t *value =
        has_hook ? chat_ask_hook(chat, HOOK_ON_USER_TURN, words, json_pack("[s]", words)) : NULL;
    if (has_hook) /* it does not see these words in the history, the prompt after it does */
        chat_history_add(chat, "caller", slice_from(words), chat->turn);
    if (!is_answered(chat, value, &said) && ask_prompt(chat, said, has_hook)) {
        if (is_callers && !has_hook)
            chat_history_add(chat, "caller", slice_from(words), chat->turn);
        converse(chat);
    }
    json_decref(value);
    chat_rest(chat);
}
