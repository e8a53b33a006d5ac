#include "script/strict.h"

#include <stdbool.h>
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
    json_t *constant = json_object_get(schema, "const");
    json_t *forms = json_object_get(schema, "anyOf");
    if (json_is_array(values))
        json_array_append_new(values, json_null());
    if (constant) {
        json_object_set_new(schema, "enum", json_pack("[O, n]", constant));
        json_object_del(schema, "const");
    }
    if (json_is_array(forms))
        json_array_append_new(forms, json_pack("{s:s}", "type", "null"));
}

static void make_strict(json_t *schema)
{
    json_t *properties = json_object_get(schema, "properties");
    json_t *items = json_object_get(schema, "items");
    size_t i;
    json_t *form;
    json_object_del(schema,
        "minLength"); /* refused in strict mode; what a model writes is held to them all the same */
    json_object_del(schema, "maxLength");
    if (json_is_object(items))
        make_strict(items);
    json_array_foreach(json_object_get(schema, "anyOf"), i, form) make_strict(form);
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
