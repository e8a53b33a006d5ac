#include "script/strict.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_in_array(const json_t *array, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)array, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

/* "string" → ["string", "null"], and null joins an enum. */
static void allow_null(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    if (json_is_string(type))
        json_object_set_new(schema, "type", json_pack("[O,s]", type, "null"));
    else if (json_is_array(type) && !is_in_array(type, "null"))
        json_array_append_new(type, json_string("null"));
    json_t *values = json_object_get(schema, "enum");
    if (json_is_array(values))
        json_array_append_new(values, json_null());
}

static void make_strict(json_t *schema)
{
    json_t *properties = json_object_get(schema, "properties");
    json_t *items = json_object_get(schema, "items");
    if (json_is_object(items))
        make_strict(items);
    if (!json_is_object(properties))
        return;
    json_t *required = json_object_get(schema, "required");
    json_t *all = json_array();
    const char *name;
    json_t *property;
    json_object_foreach(properties, name, property)
    {
        json_array_append_new(all, json_string(name));
        make_strict(property);
        if (!is_in_array(required, name))
            allow_null(property);
    }
    json_object_set_new(schema, "required", all);
    json_object_set_new(schema, "additionalProperties", json_false());
}

json_t *strict_schema(const json_t *schema)
{
    json_t *copy = json_deep_copy(schema);
    if (copy)
        make_strict(copy);
    return copy;
}

static bool is_type(const json_t *value, const char *type)
{
    if (strcmp(type, "string") == 0)
        return json_is_string(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    if (strcmp(type, "array") == 0)
        return json_is_array(value);
    if (strcmp(type, "object") == 0)
        return json_is_object(value);
    return true;
}

static bool is_allowed(const json_t *value, const json_t *values)
{
    size_t i;
    json_t *item;
    if (!json_is_array(values))
        return true;
    json_array_foreach((json_t *)values, i, item)
    {
        if (json_equal(value, item))
            return true;
    }
    return false;
}

static enum err check_member(
    const char *name, const json_t *value, const json_t *schema, char why[160])
{
    const char *type = json_string_value(json_object_get(schema, "type"));
    if (type && !is_type(value, type)) {
        snprintf(why, 160, "%.60s must be of type %.40s", name, type);
        return ERR_BAD;
    }
    if (is_allowed(value, json_object_get(schema, "enum")))
        return ERR_OK;
    snprintf(why, 160, "%.60s is not one of the allowed values", name);
    return ERR_BAD;
}

static void drop_nulls(json_t *object)
{
    const char *name;
    json_t *member;
    void *next;
    json_object_foreach_safe(object, next, name, member)
    {
        if (json_is_null(member))
            json_object_del(object, name);
    }
}

enum err strict_check(json_t *arguments, const json_t *schema, char why[160])
{
    drop_nulls(arguments);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(schema, "required"), i, item)
    {
        const char *name = json_string_value(item);
        if (!name || json_object_get(arguments, name))
            continue;
        snprintf(why, 160, "%.100s is missing", name);
        return ERR_BAD;
    }
    const char *name;
    json_t *member;
    json_object_foreach(json_object_get(schema, "properties"), name, member)
    {
        const json_t *value = json_object_get(arguments, name);
        enum err err = value ? check_member(name, value, member, why) : ERR_OK;
        if (err)
            return err;
    }
    return ERR_OK;
}
