#include "script/arguments.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "script/arguments_internal.h"

static struct arguments_place member_of(
    const struct arguments_place *place, const char *name, json_t *value)
{
    struct arguments_place member = {.value = value};
    snprintf(
        member.path, sizeof member.path, "%s%s%s", place->path, place->path[0] ? "." : "", name);
    arguments_end_whole(member.path);
    return member;
}

static enum err check_value(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema);

/* ---- arrays, objects ---- */

static enum err check_items(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    static const char *const names[] = {"minItems", "maxItems"};
    const json_t *items = json_object_get(schema, "items");
    enum err err =
        arguments_check_size(check, place, schema, names, json_array_size(place->value), "items");
    size_t count = json_is_object(items) ? json_array_size(place->value) : 0;
    for (size_t i = 0; i < count && !err; i++) {
        struct arguments_place item = {.value = json_array_get(place->value, i)};
        snprintf(item.path, sizeof item.path, "%s[%zu]", place->path, i + 1);
        err = check_value(check, &item, items);
    }
    return err;
}

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *required = json_object_get(schema, "required");
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)required, i, item)
    {
        const char *text = json_string_value(item);
        if (text && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

/* How models in strict mode leave out what may be left out. */
static bool is_left_out(const json_t *schema, const char *name, const json_t *value)
{
    return json_is_null(value) && !is_required(schema, name);
}

static enum err check_required(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(schema, "required"), i, item)
    {
        const char *name = json_string_value(item);
        if (!name || json_object_get(place->value, name))
            continue;
        struct arguments_place missing = member_of(place, name, NULL);
        return arguments_fault(check, &missing, "is missing");
    }
    return ERR_OK;
}

static enum err check_member(struct arguments_check *check, const struct arguments_place *member,
    const char *name, const json_t *schema)
{
    const json_t *own = json_object_get(json_object_get(schema, "properties"), name);
    const json_t *others = json_object_get(schema, "additionalProperties");
    if (own)
        return check_value(check, member, own);
    if (json_is_object(others))
        return check_value(check, member, others);
    return json_is_false(others) ? arguments_fault(check, member, "is not known here") : ERR_OK;
}

static enum err check_object(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    enum err err = check_required(check, place, schema);
    const char *name;
    json_t *value;
    json_object_foreach(place->value, name, value)
    {
        struct arguments_place member = member_of(place, name, value);
        if (!err && !is_left_out(schema, name, value))
            err = check_member(check, &member, name, schema);
    }
    return err;
}

/* ---- any value ---- */

static enum err check_any(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    const json_t *forms = json_object_get(schema, "anyOf");
    if (!json_is_array(forms) || !json_array_size(forms))
        return ERR_OK;
    for (size_t i = 0; i < json_array_size(forms); i++)
        if (!check_value(check, place, json_array_get(forms, i)))
            return ERR_OK;
    /* The fault of a single form worth naming is there already. */
    return json_array_size(forms) == 1 || !check->steps_left
               ? ERR_BAD
               : arguments_fault(check, place, "has none of the forms that are allowed");
}

static enum err check_kind(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    switch (json_typeof(place->value)) {
    case JSON_OBJECT:
        return check_object(check, place, schema);
    case JSON_ARRAY:
        return check_items(check, place, schema);
    case JSON_STRING:
        return arguments_check_text(check, place, schema);
    case JSON_INTEGER:
    case JSON_REAL:
        return arguments_check_number(check, place, schema);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return ERR_OK;
    }
    return ERR_OK;
}

static enum err check_all(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    enum err err = arguments_check_type(check, place, schema);
    if (!err)
        err = arguments_check_choice(check, place, schema);
    if (!err)
        err = check_kind(check, place, schema);
    return err ? err : check_any(check, place, schema);
}

static enum err check_value(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    if (!json_is_object(schema))
        return ERR_OK;
    if (!check->steps_left || check->depth == ARGUMENTS_DEPTH_MAX) {
        check->steps_left = 0; /* and no other form is tried */
        return arguments_fault(check, place, "is too deep, or one value too many");
    }
    check->steps_left--;
    check->depth++;
    enum err err = check_all(check, place, schema);
    check->depth--;
    return err;
}

/* Scripts see what is left out as absent, however it was written. */
static void drop_left_out(json_t *value, const json_t *schema)
{
    const char *name;
    json_t *member;
    void *next;
    size_t i;
    json_object_foreach_safe(value, next, name, member)
    {
        if (is_left_out(schema, name, member))
            json_object_del(value, name);
        else
            drop_left_out(member, json_object_get(json_object_get(schema, "properties"), name));
    }
    json_array_foreach(value, i, member) drop_left_out(member, json_object_get(schema, "items"));
}

static enum err check_root(json_t *arguments, const json_t *schema, char why[ARGUMENTS_WHY_SIZE])
{
    struct arguments_check check = {.why = why, .steps_left = ARGUMENTS_STEPS};
    struct arguments_place root = {.value = arguments};
    if (!json_is_object(arguments))
        return arguments_fault(&check, &root, "must be a JSON object");
    return check_value(&check, &root, schema);
}

/* A form of anyOf may require what the schema around it does not: then nulls are not left out, but said. */
static void drop_unless_missed(json_t *arguments, const json_t *schema)
{
    char why[ARGUMENTS_WHY_SIZE];
    json_t *lean = json_deep_copy(arguments);
    if (!lean)
        return;
    drop_left_out(lean, schema);
    bool is_leaner = !json_equal(lean, arguments);
    if (is_leaner && !check_root(lean, schema, why)) {
        json_object_clear(arguments);
        (void)json_object_update(arguments, lean);
    }
    json_decref(lean);
}

enum err arguments_check(json_t *arguments, const json_t *schema, char why[ARGUMENTS_WHY_SIZE])
{
    enum err err = check_root(arguments, schema, why);
    if (!err)
        drop_unless_missed(arguments, schema);
    return err;
}
