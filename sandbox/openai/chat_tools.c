#include <ctype.h>
#include <string.h>

#include "openai/chat_check.h"

#define MAX_NAME 64

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
    if (strcmp(chat_text(schema, "type"), "object") && !properties)
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

enum err chat_tool_check(const json_t *tool, const char *param, struct api_error *error)
{
    const json_t *function = json_object_get(tool, "function");
    const json_t *schema = json_object_get(function, "parameters");
    if (strcmp(chat_text(tool, "type"), "function") || !json_is_object(function))
        return chat_refuse(error, param, "Expected the type 'function' and its description.");
    if (!is_tool_name(chat_text(function, "name")))
        return chat_refuse(error, param, "The name must match '^[a-zA-Z0-9_-]{1,64}$'.");
    if (schema && !is_schema(schema)) {
        api_error_set(error, 400, "invalid_function_parameters", param,
            "Invalid schema for function '%.64s': expected a JSON schema of type 'object'.",
            chat_text(function, "name"));
        return ERR_BAD;
    }
    if (json_is_true(json_object_get(function, "strict")) && schema && !is_strict_schema(schema)) {
        api_error_set(error, 400, "invalid_function_parameters", param,
            "Invalid schema for function '%.64s': strict needs additionalProperties false and "
            "every "
            "property in required.",
            chat_text(function, "name"));
        return ERR_BAD;
    }
    return ERR_OK;
}
