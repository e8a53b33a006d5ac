#include "providers/openai_chat_codec.h"

#include <stdio.h>
#include <string.h>

/* --- request --- */

static bool is_empty_array(struct slice json)
{
    json = slice_trim(json);
    if (!json.len)
        return true;
    return json.data[0] == '[' &&
           slice_is(slice_trim((struct slice){json.data + 1, json.len - 1}), "]");
}

enum err chat_request(struct strbuf *out, const struct llm_settings *settings,
    struct slice messages, struct slice tools)
{
    strbuf_add_text(out, "{\"model\":");
    strbuf_add_json(out, slice_from(settings->model));
    strbuf_add_text(out, ",\"stream\":true,\"stream_options\":"
                         "{\"include_usage\":true,\"include_obfuscation\":false}");
    if (settings->max_tokens)
        strbuf_printf(out, ",\"max_completion_tokens\":%u", settings->max_tokens);
    if (settings->temperature >= 0)
        strbuf_printf(out, ",\"temperature\":%.2f", settings->temperature);
    if (!is_empty_array(tools)) {
        strbuf_add_text(out, ",\"tools\":");
        strbuf_add_slice(out, tools);
    }
    strbuf_add_text(out, ",\"messages\":");
    strbuf_add_slice(out, messages);
    strbuf_add_char(out, '}');
    return out->failed ? ERR_FULL : ERR_OK;
}

/* --- errors --- */

static void copy_code(char code[CHAT_CODE_SIZE], const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t len = 0;
    for (; *text && len < CHAT_CODE_SIZE - 1; text++) {
        if (strchr(safe, *text))
            code[len++] = *text;
    }
    code[len] = 0;
}

/* A code that is a word or a number; false when the field holds neither. */
static bool take_code(char code[CHAT_CODE_SIZE], json_t *field)
{
    if (json_is_string(field) && json_string_length(field))
        copy_code(code, json_string_value(field));
    else if (json_is_integer(field))
        snprintf(code, CHAT_CODE_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(field));
    else
        return false;
    return true;
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
    return true;
}

void chat_error_code(struct slice body, char code[CHAT_CODE_SIZE])
{
    code[0] = 0;
    json_t *root = json_loadb(body.data, body.len, JSON_ALLOW_NUL, NULL);
    (void)chat_find_error(root, code);
    json_decref(root);
}
