#include "script/check_schema.h"

#include <stdio.h>
#include <string.h>

#include "text/near.h"

#define DEPTH_MAX 10
#define PATH_SIZE 256

static const char *const keywords[] = {"type", "description", "properties", "required",
    "additionalProperties", "items", "enum", "const", "anyOf", "title", "pattern", "format",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems",
    "maxItems", "minLength", "maxLength", NULL};
/* Of JSON Schema, but refused in strict mode. (It refuses lengths of texts too; those are the host's alone: strict.c.) */
static const char *const refused[] = {"default", "allOf", "oneOf", "not", "if", "then", "else",
    "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "minProperties",
    "maxProperties", "uniqueItems", "contains", "examples", "$schema", "$ref", "$defs",
    "definitions", "nullable", NULL};
static const char *const types[] = {
    "string", "number", "integer", "boolean", "object", "array", "null", NULL};

struct schema_check {
    struct findings *findings;
    const struct sources *sources;
    const char *file;
};

__attribute__((format(printf, 4, 5))) static void fault(const struct schema_check *check,
    enum finding_level level, const char *path, const char *format, ...)
{
    char text[FINDING_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    findings_add(check->findings, level, check->file,
        sources_line(check->sources, check->file, path), "%s %s", path, text);
}

static bool is_listed(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static void check_keywords(const struct schema_check *check, const char *path, const json_t *schema)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)schema, name, value)
    {
        char full[PATH_SIZE];
        const char *meant = near_name(name, keywords);
        snprintf(full, sizeof full, "%s.%s", path, name);
        if (is_listed(name, keywords))
            continue;
        if (is_listed(name, refused))
            fault(check, FINDING_ERROR, full,
                "is refused in tool schemas: say it in the description instead");
        else if (meant)
            fault(check, FINDING_ERROR, full, "is not a word of schemas: did you mean %s?", meant);
        else
            fault(check, FINDING_ERROR, full,
                "is not a word of schemas; a property belongs below properties");
    }
}

/* ---- type, enum ---- */

static void check_type_name(const struct schema_check *check, const char *path, const json_t *type)
{
    const char *name = json_string_value(type);
    const char *meant = name ? near_name(name, types) : NULL;
    char full[PATH_SIZE];
    snprintf(full, sizeof full, "%s.type", path);
    if (!name)
        fault(check, FINDING_ERROR, full, "must be a text such as \"string\"");
    else if (!is_listed(name, types) && meant)
        fault(check, FINDING_ERROR, full, "is \"%s\": did you mean \"%s\"?", name, meant);
    else if (!is_listed(name, types))
        fault(check, FINDING_ERROR, full,
            "is \"%s\": it must be string, number, integer, boolean, object or array", name);
}

static void check_type(const struct schema_check *check, const char *path, const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type");
    size_t i;
    json_t *name;
    if (json_is_array(type)) {
        json_array_foreach((json_t *)type, i, name)
        {
            check_type_name(check, path, name);
        }
    } else if (type) {
        check_type_name(check, path, type);
    } else if (!json_object_get(schema, "enum") && !json_object_get(schema, "anyOf") &&
               !json_object_get(schema, "const")) {
        fault(check, FINDING_ERROR, path, "has no type: add type = \"string\", for example");
    }
}

static bool fits(const json_t *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0;
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(type, "boolean") == 0;
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return true;
}

static void check_enum(const struct schema_check *check, const char *path, const json_t *schema)
{
    const json_t *values = json_object_get(schema, "enum");
    const char *type = json_string_value(json_object_get(schema, "type"));
    char full[PATH_SIZE];
    size_t i;
    json_t *value;
    snprintf(full, sizeof full, "%s.enum", path);
    if (values && (!json_is_array(values) || json_array_size(values) == 0))
        fault(check, FINDING_ERROR, full, "must list the values that are allowed");
    json_array_foreach((json_t *)values, i, value)
    {
        if (type && !fits(value, type))
            fault(check, FINDING_ERROR, full, "holds a value at [%zu] that is no %s", i + 1, type);
    }
}

/* ---- objects, arrays ---- */

static void check_node(
    const struct schema_check *check, const char *path, const json_t *schema, unsigned depth);

static void check_required(const struct schema_check *check, const char *path, const json_t *schema)
{
    const json_t *required = json_object_get(schema, "required");
    const json_t *properties = json_object_get(schema, "properties");
    char full[PATH_SIZE];
    size_t i;
    json_t *name;
    snprintf(full, sizeof full, "%s.required", path);
    if (required && !json_is_array(required) && json_object_size(required) > 0)
        fault(check, FINDING_ERROR, full, "must be a list of names: { \"name\", \"phone\" }");
    json_array_foreach((json_t *)required, i, name)
    {
        const char *text = json_string_value(name);
        if (!text || !json_object_get(properties, text))
            fault(check, FINDING_ERROR, full, "names \"%s\", which is not among the properties",
                text ? text : "?");
    }
}

static void check_properties(
    const struct schema_check *check, const char *path, const json_t *schema, unsigned depth)
{
    const char *name;
    json_t *property;
    json_object_foreach(json_object_get(schema, "properties"), name, property)
    {
        char full[PATH_SIZE];
        snprintf(full, sizeof full, "%s.properties.%s", path, name);
        check_node(check, full, property, depth + 1);
        if (json_is_object(property) && !json_object_get(property, "description"))
            fault(check, FINDING_WARNING, full,
                "has no description: the model will guess what belongs there");
    }
    if (json_is_true(json_object_get(schema, "additionalProperties"))) {
        char full[PATH_SIZE];
        snprintf(full, sizeof full, "%s.additionalProperties", path);
        fault(check, FINDING_ERROR, full, "cannot be true: name every property");
    }
}

static void check_forms(
    const struct schema_check *check, const char *path, const json_t *schema, unsigned depth)
{
    size_t i;
    json_t *form;
    json_array_foreach(json_object_get(schema, "anyOf"), i, form)
    {
        char full[PATH_SIZE];
        snprintf(full, sizeof full, "%s.anyOf[%zu]", path, i + 1);
        check_node(check, full, form, depth + 1);
    }
}

static void check_node(
    const struct schema_check *check, const char *path, const json_t *schema, unsigned depth)
{
    const char *type = json_string_value(json_object_get(schema, "type"));
    const json_t *items = json_object_get(schema, "items");
    char full[PATH_SIZE];
    if (!json_is_object(schema)) {
        fault(check, FINDING_ERROR, path, "must be a table such as { type = \"string\" }");
        return;
    }
    if (depth > DEPTH_MAX) {
        fault(check, FINDING_ERROR, path, "is too deep: at most %d levels", DEPTH_MAX);
        return;
    }
    check_keywords(check, path, schema);
    check_type(check, path, schema);
    check_enum(check, path, schema);
    check_required(check, path, schema);
    check_properties(check, path, schema, depth);
    check_forms(check, path, schema, depth);
    snprintf(full, sizeof full, "%s.items", path);
    if (items)
        check_node(check, full, items, depth + 1);
    else if (type && strcmp(type, "array") == 0)
        fault(check, FINDING_ERROR, path, "is an array without items: say what it is made of");
}

void check_schema(struct findings *findings, const struct sources *sources, const char *file,
    const json_t *schema)
{
    const struct schema_check check = {findings, sources, file};
    const char *type = json_string_value(json_object_get(schema, "type"));
    if (!type || strcmp(type, "object") != 0)
        fault(&check, FINDING_ERROR, "parameters", "must have type = \"object\"");
    else
        check_node(&check, "parameters", schema, 0);
}
