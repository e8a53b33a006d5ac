#include "openai/chat_request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOOLS 128
#define MAX_NAME 64
#define MAX_STOPS 4

static enum err refuse(struct api_error *error, const char *param, const char *message)
{
    api_error_set(error, 400, "invalid_value", param, "%s", message);
    return ERR_BAD;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool starts(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

bool chat_model_is_known(const char *model)
{
    return starts(model, "gpt-") || starts(model, "chatgpt-") ||
           (model[0] == 'o' && isdigit((unsigned char)model[1]));
}

static bool is_reasoning_model(const char *model)
{
    return starts(model, "gpt-5") || model[0] == 'o';
}

/* ---- fields ---- */

static enum err check_known(const json_t *body, struct api_error *error)
{
    static const char *const known[] = {"model", "messages", "tools", "tool_choice",
        "parallel_tool_calls", "stream", "stream_options", "max_completion_tokens", "max_tokens",
        "temperature", "top_p", "reasoning_effort", "verbosity", "response_format", "stop",
        "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "store",
        "metadata", "functions", "function_call", "user", "seed", "n", "logprobs", "top_logprobs",
        "logit_bias", "frequency_penalty", "presence_penalty", "modalities", "prediction", "audio",
        "web_search_options", NULL};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)body, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key))
            i++;
        if (!known[i]) {
            api_error_set(error, 400, "unknown_parameter", key, "Unknown parameter: '%.60s'.", key);
            return ERR_BAD;
        }
    }
    return ERR_OK;
}

static enum err check_number(
    const json_t *body, const char *key, double least, double most, struct api_error *error)
{
    const json_t *value = json_object_get(body, key);
    if (!value || json_is_null(value))
        return ERR_OK;
    if (!json_is_number(value))
        return refuse(error, key, "Expected a number.");
    if (json_number_value(value) < least || json_number_value(value) > most)
        return refuse(error, key, "The number is out of range.");
    return ERR_OK;
}

static enum err check_limits(struct chat_request *out, const json_t *body, struct api_error *error)
{
    const json_t *old = json_object_get(body, "max_tokens");
    const json_t *limit = json_object_get(body, "max_completion_tokens");
    if (old && is_reasoning_model(out->model)) {
        api_error_set(error, 400, "unsupported_parameter", "max_tokens",
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.");
        return ERR_BAD;
    }
    if (old && limit)
        return refuse(error, "max_tokens", "Give max_tokens or max_completion_tokens, not both.");
    enum err err = check_number(body, "max_tokens", 1, 1e6, error);
    if (!err)
        err = check_number(body, "max_completion_tokens", 1, 1e6, error);
    if (!err)
        err = check_number(body, "temperature", 0, 2, error);
    if (!err)
        err = check_number(body, "top_p", 0, 1, error);
    out->max_tokens = json_integer_value(limit ? limit : old);
    return err;
}

static enum err check_stream(struct chat_request *out, const json_t *body, struct api_error *error)
{
    const json_t *stream = json_object_get(body, "stream");
    const json_t *options = json_object_get(body, "stream_options");
    if (stream && !json_is_boolean(stream) && !json_is_null(stream))
        return refuse(error, "stream", "Expected a boolean.");
    out->is_stream = json_is_true(stream);
    if (!options || json_is_null(options))
        return ERR_OK;
    if (!out->is_stream)
        return refuse(
            error, "stream_options", "'stream_options' is only allowed when 'stream' is enabled.");
    if (!json_is_object(options))
        return refuse(error, "stream_options", "Expected an object.");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)options, key, value)
    {
        if (strcmp(key, "include_usage") && strcmp(key, "include_obfuscation")) {
            api_error_set(error, 400, "unknown_parameter", "stream_options",
                "Unknown parameter: 'stream_options.%.60s'.", key);
            return ERR_BAD;
        }
    }
    out->includes_usage = json_is_true(json_object_get(options, "include_usage"));
    return ERR_OK;
}

static enum err check_stop(const json_t *body, struct api_error *error)
{
    const json_t *stop = json_object_get(body, "stop");
    if (!stop || json_is_null(stop) || json_is_string(stop))
        return ERR_OK;
    if (!json_is_array(stop) || json_array_size(stop) > MAX_STOPS)
        return refuse(error, "stop", "Expected a string or up to four of them.");
    return ERR_OK;
}

/* ---- messages ---- */

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
    if (!text_at(call, "id")[0] || strcmp(text_at(call, "type"), "function"))
        return refuse(error, param, "A tool call needs an id and the type 'function'.");
    if (!text_at(function, "name")[0] || !json_is_string(json_object_get(function, "arguments")))
        return refuse(error, param, "A tool call needs a name, and its arguments as a string.");
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
                   : refuse(error, param, "An assistant message needs content or tool calls.");
    }
    if (!json_is_array(calls) || !json_array_size(calls))
        return refuse(error, param, "tool_calls must be an array that is not empty.");
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
    const char *role = text_at(message, "role");
    if (!strcmp(role, "assistant"))
        return check_assistant(message, param, error);
    bool is_tool = !strcmp(role, "tool");
    if (!is_tool && strcmp(role, "system") && strcmp(role, "developer") && strcmp(role, "user"))
        return refuse(error, param,
            "Supported roles are 'developer', 'system', 'user', 'assistant' and 'tool'.");
    if (!is_content(json_object_get(message, "content")))
        return refuse(error, param, "Expected content: a string or an array of parts.");
    if (is_tool && !text_at(message, "tool_call_id")[0])
        return refuse(error, param, "A tool message needs a tool_call_id.");
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
        if (!strcmp(text_at(message, "role"), "tool")) {
            if (!answer_id(open, text_at(message, "tool_call_id")))
                return refuse(error, param,
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

static enum err check_messages(const json_t *messages, struct api_error *error)
{
    if (!json_is_array(messages) || !json_array_size(messages))
        return refuse(error, "messages", "Expected an array that is not empty.");
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

/* ---- tools ---- */

static bool is_tool_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return len > 0 && len <= MAX_NAME;
}

static bool contains_text(const json_t *array, const char *text)
{
    size_t i;
    json_t *entry;
    json_array_foreach(array, i, entry)
    {
        if (json_is_string(entry) && !strcmp(json_string_value(entry), text))
            return true;
    }
    return false;
}

/* A strict schema closes every object and requires every property. */
static bool is_strict_schema(const json_t *schema)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *items = json_object_get(schema, "items");
    if (items && !is_strict_schema(items))
        return false;
    if (strcmp(text_at(schema, "type"), "object") && !properties)
        return true;
    if (!json_is_false(json_object_get(schema, "additionalProperties")))
        return false;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)properties, key, value)
    {
        if (!contains_text(json_object_get(schema, "required"), key) || !is_strict_schema(value))
            return false;
    }
    return true;
}

static bool is_schema(const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type");
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    return json_is_object(schema) && json_is_string(type) &&
           !strcmp(json_string_value(type), "object") &&
           (!properties || json_is_object(properties)) && (!required || json_is_array(required));
}

static enum err check_tool(const json_t *tool, const char *param, struct api_error *error)
{
    const json_t *function = json_object_get(tool, "function");
    const json_t *schema = json_object_get(function, "parameters");
    if (strcmp(text_at(tool, "type"), "function") || !json_is_object(function))
        return refuse(error, param, "Expected the type 'function' and its description.");
    if (!is_tool_name(text_at(function, "name")))
        return refuse(error, param, "The name must match '^[a-zA-Z0-9_-]{1,64}$'.");
    if (schema && !is_schema(schema)) {
        api_error_set(error, 400, "invalid_function_parameters", param,
            "Invalid schema for function '%.64s': expected a JSON schema of type 'object'.",
            text_at(function, "name"));
        return ERR_BAD;
    }
    if (json_is_true(json_object_get(function, "strict")) && schema && !is_strict_schema(schema)) {
        api_error_set(error, 400, "invalid_function_parameters", param,
            "Invalid schema for function '%.64s': strict needs additionalProperties false and "
            "every "
            "property in required.",
            text_at(function, "name"));
        return ERR_BAD;
    }
    return ERR_OK;
}

static bool has_tool(const json_t *tools, const char *name)
{
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        if (!strcmp(text_at(json_object_get(tool, "function"), "name"), name))
            return true;
    }
    return false;
}

static enum err check_choice(struct chat_request *out, const json_t *body, struct api_error *error)
{
    const json_t *choice = json_object_get(body, "tool_choice");
    if (!choice || json_is_null(choice))
        return ERR_OK;
    if (!out->tools)
        return refuse(
            error, "tool_choice", "'tool_choice' is only allowed when 'tools' are specified.");
    const char *word = json_string_value(choice);
    if (word && !strcmp(word, "none"))
        out->tools = NULL;
    if (word && strcmp(word, "none") && strcmp(word, "auto") && strcmp(word, "required"))
        return refuse(error, "tool_choice", "Expected 'none', 'auto', 'required' or an object.");
    if (word)
        return ERR_OK;
    const char *name = text_at(json_object_get(choice, "function"), "name");
    if (!strcmp(text_at(choice, "type"), "allowed_tools"))
        return ERR_OK;
    if (strcmp(text_at(choice, "type"), "function") || !has_tool(out->tools, name))
        return refuse(error, "tool_choice", "The function chosen is not among the tools.");
    return ERR_OK;
}

static enum err check_tools(struct chat_request *out, const json_t *body, struct api_error *error)
{
    const json_t *tools = json_object_get(body, "tools");
    if (!tools || json_is_null(tools)) {
        if (json_object_get(body, "parallel_tool_calls"))
            return refuse(error, "parallel_tool_calls",
                "'parallel_tool_calls' is only allowed when 'tools' are specified.");
        return check_choice(out, body, error);
    }
    if (!json_is_array(tools) || !json_array_size(tools) || json_array_size(tools) > MAX_TOOLS)
        return refuse(error, "tools", "Expected an array of 1 to 128 tools.");
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        char param[96];
        snprintf(param, sizeof param, "tools[%zu].function", i);
        enum err err = check_tool(tool, param, error);
        if (err)
            return err;
    }
    out->tools = tools;
    return check_choice(out, body, error);
}

/* ---- public ---- */

enum err chat_request_read(struct chat_request *out, const json_t *body, struct api_error *error)
{
    *out = (struct chat_request){
        .model = text_at(body, "model"), .messages = json_object_get(body, "messages")};
    if (!json_is_object(body))
        return refuse(error, NULL, "We could not parse the JSON body of your request.");
    if (!out->model[0])
        return refuse(error, "model", "You must provide a model parameter.");
    if (!chat_model_is_known(out->model)) {
        api_error_set(error, 404, "model_not_found", NULL,
            "The model '%.80s' does not exist or you do not have access to it.", out->model);
        snprintf(error->type, sizeof error->type, "invalid_request_error");
        return ERR_BAD;
    }
    enum err err = check_known(body, error);
    if (!err)
        err = check_limits(out, body, error);
    if (!err)
        err = check_stream(out, body, error);
    if (!err)
        err = check_stop(body, error);
    if (!err)
        err = check_messages(out->messages, error);
    return err ? err : check_tools(out, body, error);
}

unsigned chat_prompt_tokens(const struct chat_request *request)
{
    char *messages = json_dumps(request->messages, JSON_COMPACT);
    char *tools = request->tools ? json_dumps(request->tools, JSON_COMPACT) : NULL;
    size_t bytes = (messages ? strlen(messages) : 0) + (tools ? strlen(tools) : 0);
    free(messages);
    free(tools);
    return (unsigned)(bytes / 4 + 1);
}
