#include <stdio.h>
#include <string.h>

#include "openai/chat_check.h"

enum err chat_refuse(struct api_error *error, const char *param, const char *message)
{
    api_error_set(error, 400, "invalid_value", param, "%s", message);
    return ERR_BAD;
}

const char *chat_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_content(const json_t *content)
{
    if (json_is_string(content))
        return true;
    if (!json_is_array(content) || !json_array_size(content))
        return false;
    size_t i;
    json_t *part;
    json_array_foreach(content, i, part)
    {
        if (!json_is_string(json_object_get(part, "type")))
            return false;
    }
    return true;
}

static enum err check_call(const json_t *call, const char *param, struct api_error *error)
{
    const json_t *function = json_object_get(call, "function");
    if (!chat_text(call, "id")[0] || strcmp(chat_text(call, "type"), "function"))
        return chat_refuse(error, param, "A tool call needs an id and the type 'function'.");
    if (!chat_text(function, "name")[0] || !json_is_string(json_object_get(function, "arguments")))
        return chat_refuse(
            error, param, "A tool call needs a name, and its arguments as a string.");
    return ERR_OK;
}

static enum err check_assistant(const json_t *message, const char *param, struct api_error *error)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    if (!calls || json_is_null(calls)) {
        bool has_words = is_content(json_object_get(message, "content")) ||
                         json_is_string(json_object_get(message, "refusal"));
        return has_words
                   ? ERR_OK
                   : chat_refuse(error, param, "An assistant message needs content or tool calls.");
    }
    if (!json_is_array(calls) || !json_array_size(calls))
        return chat_refuse(error, param, "tool_calls must be an array that is not empty.");
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call)
    {
        enum err err = check_call(call, param, error);
        if (err)
            return err;
    }
    return ERR_OK;
}

static enum err check_message(const json_t *message, const char *param, struct api_error *error)
{
    const char *role = chat_text(message, "role");
    if (!strcmp(role, "assistant"))
        return check_assistant(message, param, error);
    bool is_tool = !strcmp(role, "tool");
    if (!is_tool && strcmp(role, "system") && strcmp(role, "developer") && strcmp(role, "user"))
        return chat_refuse(error, param,
            "Supported roles are 'developer', 'system', 'user', 'assistant' and 'tool'.");
    if (!is_content(json_object_get(message, "content")))
        return chat_refuse(error, param, "Expected content: a string or an array of parts.");
    if (is_tool && !chat_text(message, "tool_call_id")[0])
        return chat_refuse(error, param, "A tool message needs a tool_call_id.");
    return ERR_OK;
}

/* Whether one of `open` (ids that wait for their answer) is `id`; takes it out. */
static bool answer_id(json_t *open, const char *id)
{
    size_t i;
    json_t *entry;
    json_array_foreach(open, i, entry)
    {
        if (!strcmp(json_string_value(entry), id)) {
            json_array_remove(open, i);
            return true;
        }
    }
    return false;
}

static void open_ids(json_t *open, const json_t *message)
{
    size_t i;
    json_t *call;
    json_array_foreach(json_object_get(message, "tool_calls"), i, call)
    {
        json_array_append(open, json_object_get(call, "id"));
    }
}

static enum err check_unanswered(const json_t *open, const char *param, struct api_error *error)
{
    if (!json_array_size(open))
        return ERR_OK;
    api_error_set(error, 400, NULL, param,
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each "
        "'tool_call_id'. No answer was found for: %.60s",
        json_string_value(json_array_get(open, 0)));
    return ERR_BAD;
}

/* Each tool call is answered by exactly one tool message before anything else is said. */
static enum err check_answers(const json_t *messages, json_t *open, struct api_error *error)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        char param[96];
        snprintf(param, sizeof param, "messages.[%zu].role", i);
        if (!strcmp(chat_text(message, "role"), "tool")) {
            if (!answer_id(open, chat_text(message, "tool_call_id")))
                return chat_refuse(error, param,
                    "Messages with role 'tool' must be a response to a preceding message with "
                    "'tool_calls'.");
            continue;
        }
        enum err err = check_unanswered(open, param, error);
        if (err)
            return err;
        open_ids(open, message);
    }
    return check_unanswered(open, "messages", error);
}

enum err chat_messages_check(const json_t *messages, struct api_error *error)
{
    if (!json_is_array(messages) || !json_array_size(messages))
        return chat_refuse(error, "messages", "Expected an array that is not empty.");
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        char param[96];
        snprintf(param, sizeof param, "messages.[%zu]", i);
        enum err err = check_message(message, param, error);
        if (err)
            return err;
    }
    json_t *open = json_array();
    enum err err = check_answers(messages, open, error);
    json_decref(open);
    return err;
}
