#include "live/conversation.h"

#include <string.h>

enum err conversation_init(struct conversation *conversation)
{
    conversation->messages = json_array();
    return conversation->messages ? ERR_OK : ERR_NOMEM;
}

void conversation_close(struct conversation *conversation)
{
    json_decref(conversation->messages);
    conversation->messages = NULL;
}

static const char *role_of(const json_t *message)
{
    return json_string_value(json_object_get(message, "role"));
}

/* Drops whole exchanges from the front: a conversation always begins with a caller's message, so that no tool
   result is left without its call. */
static void keep_bounded(struct conversation *conversation)
{
    if (json_array_size(conversation->messages) <= CONVERSATION_MESSAGES_MAX)
        return;
    do
        json_array_remove(conversation->messages, 0);
    while (json_array_size(conversation->messages) &&
           strcmp(role_of(json_array_get(conversation->messages, 0)), "user") != 0);
}

static void add_take(struct conversation *conversation, json_t *message)
{
    if (message)
        json_array_append_new(conversation->messages, message);
    keep_bounded(conversation);
}

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
    if (count && strcmp(role_of(json_array_get(conversation->messages, count - 1)), "user") == 0)
        json_array_remove(conversation->messages, count - 1);
}

void conversation_add_agent(struct conversation *conversation, struct slice text)
{
    if (text.len)
        add_take(conversation, text_message("assistant", text));
}

void conversation_add_unheard(struct conversation *conversation, struct slice text)
{
    if (!text.len)
        return;
    json_t *content = json_sprintf(
        "The caller interrupted you and did not hear this: %.*s", (int)text.len, text.data);
    if (content)
        add_take(conversation, json_pack("{s:s, s:o}", "role", "system", "content", content));
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
            list, json_pack("{s:O, s:s, s:{s:O, s:O}}", "id", json_object_get(call, "id"), "type",
                      "function", "function", "name", json_object_get(call, "name"), "arguments",
                      json_object_get(call, "arguments")));
    }
    json_t *content = text.len ? json_stringn(text.data, text.len) : json_null();
    add_take(conversation,
        json_pack("{s:s, s:o, s:o}", "role", "assistant", "content", content, "tool_calls", list));
}

void conversation_add_tool_result(
    struct conversation *conversation, const char *id, struct slice result)
{
    json_t *content = json_stringn(result.data, result.len);
    if (!content) /* no UTF-8: a call without its result would spoil every request that follows */
        content = json_string("{\"error\":\"unreadable\"}");
    add_take(conversation,
        json_pack("{s:s, s:s, s:o}", "role", "tool", "tool_call_id", id, "content", content));
}

void conversation_add_tool_results(
    struct conversation *conversation, const json_t *calls, const char *unknown)
{
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call)
    {
        const char *result = json_string_value(json_object_get(call, "result"));
        conversation_add_tool_result(conversation, json_string_value(json_object_get(call, "id")),
            slice_from(result ? result : unknown));
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
            json_object_set(message, "content", content);
            break;
        }
    }
    json_decref(content);
}

char *conversation_json(const struct conversation *conversation, const char *system_prompt)
{
    json_t *all = json_array();
    if (!all)
        return NULL;
    json_array_append_new(all, json_pack("{s:s, s:s}", "role", "system", "content", system_prompt));
    json_array_extend(all, conversation->messages);
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}
