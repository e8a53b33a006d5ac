#include "openai/chat_request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openai/chat_check.h"

#define MAX_TOOLS 128
#define MAX_STOPS 4

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
        return chat_refuse(error, key, "Expected a number.");
    if (json_number_value(value) < least || json_number_value(value) > most)
        return chat_refuse(error, key, "The number is out of range.");
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
        return chat_refuse(
            error, "max_tokens", "Give max_tokens or max_completion_tokens, not both.");
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
        return chat_refuse(error, "stream", "Expected a boolean.");
    out->is_stream = json_is_true(stream);
    if (!options || json_is_null(options))
        return ERR_OK;
    if (!out->is_stream)
        return chat_refuse(
            error, "stream_options", "'stream_options' is only allowed when 'stream' is enabled.");
    if (!json_is_object(options))
        return chat_refuse(error, "stream_options", "Expected an object.");
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
        return chat_refuse(error, "stop", "Expected a string or up to four of them.");
    return ERR_OK;
}

/* ---- tools ---- */

static bool has_tool(const json_t *tools, const char *name)
{
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        if (!strcmp(chat_text(json_object_get(tool, "function"), "name"), name))
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
        return chat_refuse(
            error, "tool_choice", "'tool_choice' is only allowed when 'tools' are specified.");
    const char *word = json_string_value(choice);
    if (word && !strcmp(word, "none"))
        out->tools = NULL;
    if (word && strcmp(word, "none") && strcmp(word, "auto") && strcmp(word, "required"))
        return chat_refuse(
            error, "tool_choice", "Expected 'none', 'auto', 'required' or an object.");
    if (word)
        return ERR_OK;
    const char *name = chat_text(json_object_get(choice, "function"), "name");
    if (!strcmp(chat_text(choice, "type"), "allowed_tools"))
        return ERR_OK;
    if (strcmp(chat_text(choice, "type"), "function") || !has_tool(out->tools, name))
        return chat_refuse(error, "tool_choice", "The function chosen is not among the tools.");
    return ERR_OK;
}

static enum err check_tools(struct chat_request *out, const json_t *body, struct api_error *error)
{
    const json_t *tools = json_object_get(body, "tools");
    if (!tools || json_is_null(tools)) {
        if (json_object_get(body, "parallel_tool_calls"))
            return chat_refuse(error, "parallel_tool_calls",
                "'parallel_tool_calls' is only allowed when 'tools' are specified.");
        return check_choice(out, body, error);
    }
    if (!json_is_array(tools) || !json_array_size(tools) || json_array_size(tools) > MAX_TOOLS)
        return chat_refuse(error, "tools", "Expected an array of 1 to 128 tools.");
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        char param[96];
        snprintf(param, sizeof param, "tools[%zu].function", i);
        enum err err = chat_tool_check(tool, param, error);
        if (err)
            return err;
    }
    out->tools = tools;
    return check_choice(out, body, error);
}

enum err chat_request_read(struct chat_request *out, const json_t *body, struct api_error *error)
{
    *out = (struct chat_request){
        .model = chat_text(body, "model"), .messages = json_object_get(body, "messages")};
    if (!json_is_object(body))
        return chat_refuse(error, NULL, "We could not parse the JSON body of your request.");
    if (!out->model[0])
        return chat_refuse(error, "model", "You must provide a model parameter.");
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
        err = chat_messages_check(out->messages, error);
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
