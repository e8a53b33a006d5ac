#include "providers/openai_chat_strict.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 10

static bool is_allowed(const char *keyword)
{
    static const char *const allowed[] = {"type", "description", "title", "properties", "required",
        "additionalProperties", "items", "enum", "const", "anyOf", "pattern", "format", "minimum",
        "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"};
    for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
        if (!strcmp(keyword, allowed[i]))
            return true;
    return false;
}

static bool has_text(const json_t *array, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)array, i, item)
    {
        if (json_is_string(item) && !strcmp(json_string_value(item), text))
            return true;
    }
    return false;
}

static bool is_type(const json_t *schema, const char *name)
{
    const json_t *type = json_object_get(schema, "type");
    return has_text(type, name) || (json_is_string(type) && !strcmp(json_string_value(type), name));
}

static bool is_strict(const json_t *schema, unsigned depth);

static bool is_closed(const json_t *schema, unsigned depth)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    const char *name;
    json_t *property;
    if (!json_is_false(json_object_get(schema, "additionalProperties")))
        return false;
    json_object_foreach((json_t *)properties, name, property)
    {
        if (!has_text(required, name) || !is_strict(property, depth + 1))
            return false;
    }
    return true;
}

static bool is_strict(const json_t *schema, unsigned depth)
{
    const char *keyword;
    json_t *value;
    size_t i;
    if (!json_is_object(schema) || depth > DEPTH_MAX)
        return false;
    json_object_foreach((json_t *)schema, keyword, value)
    {
        if (!is_allowed(keyword))
            return false;
    }
    json_array_foreach(json_object_get(schema, "anyOf"), i, value)
    {
        if (!is_strict(value, depth + 1))
            return false;
    }
    const json_t *items = json_object_get(schema, "items");
    if (is_type(schema, "array") && !items)
        return false;
    if (items && !is_strict(items, depth + 1))
        return false;
    bool is_object = is_type(schema, "object") || json_object_get(schema, "properties");
    return !is_object || is_closed(schema, depth);
}

bool chat_is_strict_schema(const json_t *schema)
{
    return is_type(schema, "object") && !json_object_get(schema, "anyOf") && is_strict(schema, 0);
}

static enum err add_take(struct strbuf *out, json_t *value_take)
{
    char *text = json_dumps(value_take, JSON_COMPACT);
    json_decref(value_take);
    if (text)
        strbuf_add_text(out, text);
    else
        out->failed = true;
    free(text);
    return out->failed ? ERR_FULL : ERR_OK;
}

enum err chat_add_strict_tools(struct strbuf *out, struct slice tools)
{
    json_t *list = json_loadb(tools.data, tools.len, 0, NULL);
    size_t i;
    json_t *tool;
    if (!json_is_array(list)) {
        json_decref(list);
        return ERR_BAD;
    }
    json_array_foreach(list, i, tool)
    {
        json_t *function = json_object_get(tool, "function");
        if (chat_is_strict_schema(json_object_get(function, "parameters")))
            json_object_set_new(function, "strict", json_true());
        else
            json_object_del(function, "strict");
    }
    return add_take(out, list);
}

enum err chat_add_messages(struct strbuf *out, struct slice messages, const char *role)
{
    json_t *list = json_loadb(messages.data, messages.len, 0, NULL);
    size_t i;
    json_t *message;
    if (!json_is_array(list)) {
        json_decref(list);
        return ERR_BAD;
    }
    json_array_foreach(list, i, message)
    {
        const char *own = json_string_value(json_object_get(message, "role"));
        if (own && !strcmp(own, "system"))
            json_object_set_new(message, "role", json_string(role));
    }
    return add_take(out, list);
}
