#include "providers/openai_chat_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/error_code.h"
#include "providers/openai_chat_strict.h"

/* --- request --- */

static bool is_empty_array(struct slice json)
{
    json = slice_trim(json);
    if (!json.len)
        return true;
    return json.data[0] == '[' &&
           slice_is(slice_trim((struct slice){json.data + 1, json.len - 1}), "]");
}

static const char *or_usual(const char *own, const char *usual)
{
    return own && own[0] ? own : usual;
}

static void add_numbers(struct strbuf *out, const struct llm_settings *settings)
{
    const struct llm_quirks *quirks = &settings->quirks;
    if (settings->max_tokens) {
        strbuf_add_char(out, ',');
        strbuf_add_json(
            out, slice_from(or_usual(quirks->max_tokens_field, "max_completion_tokens")));
        strbuf_printf(out, ":%u", settings->max_tokens);
    }
    if (settings->temperature >= 0)
        strbuf_printf(out, ",\"temperature\":%.2f", settings->temperature);
    if (quirks->reasoning_effort && quirks->reasoning_effort[0]) {
        strbuf_add_text(out, ",\"reasoning_effort\":");
        strbuf_add_json(out, slice_from(quirks->reasoning_effort));
    }
}

static enum err add_tools(struct strbuf *out, const struct llm_quirks *quirks, struct slice tools)
{
    if (is_empty_array(tools))
        return ERR_OK;
    if (quirks->no_parallel_tool_calls || quirks->strict_tools)
        strbuf_add_text(out, ",\"parallel_tool_calls\":false");
    strbuf_add_text(out, ",\"tools\":");
    if (quirks->strict_tools)
        return chat_add_strict_tools(out, tools);
    strbuf_add_slice(out, tools);
    return ERR_OK;
}

static enum err add_messages(
    struct strbuf *out, const struct llm_quirks *quirks, struct slice messages)
{
    const char *role = or_usual(quirks->system_role, "system");
    strbuf_add_text(out, ",\"messages\":");
    if (strcmp(role, "system"))
        return chat_add_messages(out, messages, role);
    strbuf_add_slice(out, messages);
    return ERR_OK;
}

enum err chat_request(struct strbuf *out, const struct llm_settings *settings,
    struct slice messages, struct slice tools)
{
    const struct llm_quirks *quirks = &settings->quirks;
    strbuf_add_text(out, "{\"model\":");
    strbuf_add_json(out, slice_from(settings->model));
    strbuf_add_text(out, ",\"stream\":true");
    if (!quirks->no_stream_options)
        strbuf_add_text(
            out, ",\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false}");
    add_numbers(out, settings);
    enum err err = add_tools(out, quirks, tools);
    if (!err)
        err = add_messages(out, quirks, messages);
    strbuf_add_char(out, '}');
    return err ? err : out->failed ? ERR_FULL : ERR_OK;
}

/* --- errors --- */

/* A code that is a word or a number; false when the field holds neither. */
static bool take_code(char code[CHAT_CODE_SIZE], json_t *field)
{
    if (json_is_string(field) && json_string_length(field))
        error_code_copy(code, CHAT_CODE_SIZE, slice_from(json_string_value(field)));
    else if (json_is_integer(field))
        snprintf(code, CHAT_CODE_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(field));
    else
        return false;
    return true;
}

/* llama.cpp has a type of its own for it, vLLM a sentence. */
static bool is_too_long(json_t *error, const char *code)
{
    const char *type = json_string_value(json_object_get(error, "type"));
    const char *message = json_string_value(json_object_get(error, "message"));
    message = message ? message : json_string_value(error);
    return !strcmp(code, CHAT_TOO_LONG) || (type && !strcmp(type, "exceed_context_size_error")) ||
           (message && strstr(message, "maximum context length"));
}

bool chat_find_error(json_t *root, char code[CHAT_CODE_SIZE])
{
    json_t *error = json_object_get(root, "error");
    const char *object = json_string_value(json_object_get(root, "object"));
    if (!json_is_object(error) && object && !strcmp(object, "error"))
        error = root;
    if (!error || json_is_null(error))
        return false;
    strcpy(code, "error");
    if (json_is_object(error) && !take_code(code, json_object_get(error, "code")))
        (void)take_code(code, json_object_get(error, "type"));
    if (is_too_long(error, code))
        strcpy(code, CHAT_TOO_LONG);
    return true;
}

int chat_error_status(const char *code)
{
    static const struct {
        const char *code;
        int status;
    } rows[] = {{"rate_limit_exceeded", 429}, {"invalid_api_key", 401},
        {"authentication_error", 401}, {"permission_error", 403}, {"model_not_found", 404},
        {"not_found_error", 404}, {"invalid_request_error", 400}, {CHAT_TOO_LONG, 400}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (!strcmp(code, rows[i].code))
            return rows[i].status;
    char *end;
    long status = strtol(code, &end, 10);
    return !*end && status >= 400 && status < 600 ? (int)status : 500;
}

void chat_error_code(struct slice body, char code[CHAT_CODE_SIZE])
{
    code[0] = 0;
    json_t *root = json_loadb(body.data, body.len, JSON_ALLOW_NUL, NULL);
    (void)chat_find_error(root, code);
    json_decref(root);
}
