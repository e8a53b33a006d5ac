#include "live/conversation.h"

#include <string.h>

#include "live/conversation_length.h"

enum err conversation_init(struct conversation *conversation)
{
    *conversation = (struct conversation){.messages = json_array()};
    return conversation->messages ? ERR_OK : ERR_NOMEM;
}

void conversation_close(struct conversation *conversation)
{
    json_decref(conversation->messages);
    conversation->messages = NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool has_role(const json_t *message, const char *role)
{
    return strcmp(text_of(message, "role"), role) == 0;
}

/* ---- every tool call has its result ---- */

/* The tool calls of the newest assistant's message, when nothing but their results stands behind it. NULL: there are none. */
static const json_t *newest_calls(const json_t *messages, size_t *results_at)
{
    size_t i = json_array_size(messages);
    while (i > 0 && has_role(json_array_get(messages, i - 1), "tool"))
        i--;
    *results_at = i;
    return i ? json_object_get(json_array_get(messages, i - 1), "tool_calls") : NULL;
}

static json_t *result_from(const json_t *messages, size_t at, const char *id)
{
    for (; at < json_array_size(messages); at++)
        if (strcmp(text_of(json_array_get(messages, at), "tool_call_id"), id) == 0)
            return json_array_get(messages, at);
    return NULL;
}

static void append(struct conversation *conversation, json_t *message_take)
{
    if (!message_take)
        return;
    conversation->tokens += conversation_count(message_take);
    json_array_append_new(conversation->messages, message_take);
}

static void append_result(struct conversation *conversation, const char *id, struct slice result)
{
    json_t *content = json_stringn(result.data, result.len);
    if (!content) /* no UTF-8: a call without its result would spoil every request that follows */
        content = json_string("{\"error\":\"unreadable\"}");
    append(conversation,
        json_pack("{s:s, s:s, s:o}", "role", "tool", "tool_call_id", id, "content", content));
}

static void complete_calls(struct conversation *conversation)
{
    size_t at, i;
    json_t *call;
    json_array_foreach((json_t *)newest_calls(conversation->messages, &at), i, call)
    {
        const char *id = text_of(call, "id");
        if (!result_from(conversation->messages, at, id))
            append_result(conversation, id, SLICE(CONVERSATION_NO_RESULT));
    }
}

static void add_take(struct conversation *conversation, json_t *message)
{
    complete_calls(conversation);
    append(conversation, message);
    conversation_keep_bounded(conversation);
}

/* ---- messages ---- */

static json_t *text_message(const char *role, struct slice text)
{
    return json_pack("{s:s, s:s%}", "role", role, "content", text.data, text.len);
}

void conversation_add_caller(struct conversation *conversation, struct slice text)
{
    add_take(conversation, text_message("user", text));
}

void conversation_drop_caller(struct conversation *conversation)
{
    size_t count = json_array_size(conversation->messages);
    if (count && has_role(json_array_get(conversation->messages, count - 1), "user"))
        conversation_remove(conversation, count - 1);
}

void conversation_add_agent(struct conversation *conversation, struct slice text)
{
    if (text.len)
        add_take(conversation, text_message("assistant", text));
}

static void add_note(struct conversation *conversation, const char *note, struct slice text)
{
    json_t *content = text.len ? json_sprintf("%s: %.*s", note, (int)text.len, text.data) : NULL;
    if (content)
        add_take(conversation, json_pack("{s:s, s:o}", "role", "system", "content", content));
}

void conversation_add_note(struct conversation *conversation, struct slice text)
{
    add_take(conversation, text_message("system", text));
}

void conversation_add_unheard(struct conversation *conversation, struct slice text)
{
    add_note(conversation, "The caller interrupted you and did not hear this", text);
}

void conversation_add_broken_off(struct conversation *conversation, struct slice text)
{
    add_note(conversation,
        "The line broke while you were saying this, and the caller may not have heard it", text);
}

/* Servers read what they are told of earlier calls: what was no JSON object stands there as none. */
static json_t *readable_arguments(json_t *arguments)
{
    json_t *parsed =
        json_loadb(json_string_value(arguments), json_string_length(arguments), 0, NULL);
    bool is_object = json_is_object(parsed);
    json_decref(parsed);
    return is_object ? json_incref(arguments) : json_string("{}");
}

void conversation_add_tool_calls(
    struct conversation *conversation, struct slice text, const json_t *calls)
{
    json_t *list = json_array();
    size_t i;
    json_t *call;
    json_array_foreach((json_t *)calls, i, call)
    {
        json_array_append_new(
            list, json_pack("{s:O, s:s, s:{s:O, s:o}}", "id", json_object_get(call, "id"), "type",
                      "function", "function", "name", json_object_get(call, "name"), "arguments",
                      readable_arguments(json_object_get(call, "arguments"))));
    }
    json_t *content = text.len ? json_stringn(text.data, text.len) : json_null();
    add_take(conversation,
        json_pack("{s:s, s:o, s:o}", "role", "assistant", "content", content, "tool_calls", list));
}

static bool is_asked_for(const json_t *calls, const char *id)
{
    size_t i;
    json_t *call;
    json_array_foreach((json_t *)calls, i, call)
    {
        if (strcmp(text_of(call, "id"), id) == 0)
            return true;
    }
    return false;
}

void conversation_add_tool_result(
    struct conversation *conversation, const char *id, struct slice result)
{
    size_t at;
    const json_t *calls = newest_calls(conversation->messages, &at);
    if (is_asked_for(calls, id) && !result_from(conversation->messages, at, id))
        append_result(conversation, id, result);
    else
        conversation_correct_tool_result(conversation, id, result);
    conversation_keep_bounded(conversation);
}

void conversation_add_tool_results(struct conversation *conversation, const json_t *calls)
{
    size_t i;
    json_t *call;
    json_array_foreach((json_t *)calls, i, call)
    {
        const char *result = json_string_value(json_object_get(call, "result"));
        conversation_add_tool_result(conversation, text_of(call, "id"),
            slice_from(result ? result : CONVERSATION_NO_RESULT));
    }
}

void conversation_correct_tool_result(
    struct conversation *conversation, const char *id, struct slice result)
{
    json_t *content = id && result.len ? json_stringn(result.data, result.len) : NULL;
    for (size_t i = json_array_size(conversation->messages); content && i > 0; i--) {
        json_t *message = json_array_get(conversation->messages, i - 1);
        const char *of = json_string_value(json_object_get(message, "tool_call_id"));
        if (of && strcmp(of, id) == 0) {
            conversation->tokens -= conversation_count(message);
            json_object_set(message, "content", content);
            conversation->tokens += conversation_count(message);
            break;
        }
    }
    json_decref(content);
}

/* ---- the request ---- */

static json_t *dropped_note(unsigned dropped)
{
    json_t *text = dropped
                       ? json_sprintf("The beginning of this call is left out here (%u %s). What "
                                      "was said then, you no longer see: ask rather than guess.",
                             dropped, dropped == 1 ? "exchange" : "exchanges")
                       : NULL;
    return text ? json_pack("{s:s, s:o}", "role", "system", "content", text) : NULL;
}

char *conversation_json(const struct conversation *conversation, const char *system_prompt)
{
    struct conversation all = {.messages = json_array()};
    if (!all.messages)
        return NULL;
    json_t *note = dropped_note(conversation->dropped);
    json_array_append_new(
        all.messages, json_pack("{s:s, s:s}", "role", "system", "content", system_prompt));
    if (note)
        json_array_append_new(all.messages, note);
    json_array_extend(all.messages, conversation->messages);
    complete_calls(&all);
    char *text = json_dumps(all.messages, JSON_COMPACT);
    conversation_close(&all);
    return text;
}
