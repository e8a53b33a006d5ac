#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "script/arguments_internal.h"

#define LIST_BYTES 160 /* of allowed values, in a message */

void arguments_end_whole(char *text)
{
    size_t len = strlen(text);
    while (len && !utf8_is_valid(text, len))
        len--;
    text[len] = 0;
}

enum err arguments_fault(
    struct arguments_check *check, const struct arguments_place *place, const char *format, ...)
{
    char text[ARGUMENTS_WHY_SIZE - ARGUMENTS_PATH_SIZE - 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    arguments_end_whole(text);
    bool is_root = !place->path[0];
    snprintf(check->why, ARGUMENTS_WHY_SIZE, "%s%s%s", is_root ? "arguments" : place->path,
        is_root ? " " : ": ", text);
    return ERR_BAD;
}

/* ---- type, enum, const ---- */

static bool is_whole(const json_t *value)
{
    return json_is_integer(value) ||
           (json_is_real(value) && trunc(json_real_value(value)) == json_real_value(value));
}

static bool is_type(const json_t *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return strcmp(type, "number") == 0 || (strcmp(type, "integer") == 0 && is_whole(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(type, "boolean") == 0;
    case JSON_NULL:
        return strcmp(type, "null") == 0;
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    }
    return false;
}

/* "a string", "an integer or null" */
static void add_type(struct strbuf *out, const char *type)
{
    bool is_null = strcmp(type, "null") == 0;
    const char *article = is_null ? "" : strchr("aio", type[0]) ? "an " : "a ";
    strbuf_printf(out, "%s%s%.20s", out->len ? " or " : "", article, type);
}

enum err arguments_check_type(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type");
    if (!type || (json_is_null(place->value) && json_is_true(json_object_get(schema, "nullable"))))
        return ERR_OK;
    struct strbuf wanted;
    strbuf_init(&wanted, LIST_BYTES);
    bool fits = false;
    size_t count = json_is_array(type) ? json_array_size(type) : 1;
    for (size_t i = 0; i < count && !fits; i++) {
        const char *name = json_string_value(json_is_array(type) ? json_array_get(type, i) : type);
        fits = !name || is_type(place->value, name);
        if (name)
            add_type(&wanted, name);
    }
    enum err err =
        fits ? ERR_OK
             : arguments_fault(check, place, "must be %s", wanted.data ? wanted.data : "another");
    strbuf_free(&wanted);
    return err;
}

/* 3 and 3.0 are the same number. */
static bool is_same(const json_t *one, const json_t *other)
{
    return json_is_number(one) && json_is_number(other)
               ? json_number_value(one) == json_number_value(other)
               : json_equal(one, other);
}

static bool is_listed(const json_t *value, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
    {
        if (is_same(value, item))
            return true;
    }
    return false;
}

static enum err check_listed(
    struct arguments_check *check, const struct arguments_place *place, const json_t *list)
{
    if (is_listed(place->value, list))
        return ERR_OK;
    struct strbuf allowed;
    strbuf_init(&allowed, 4096);
    for (size_t i = 0; i < json_array_size(list) && allowed.len < LIST_BYTES; i++) {
        char text[64] = "…";
        size_t len = json_dumpb(json_array_get(list, i), text, sizeof text - 1, JSON_ENCODE_ANY);
        text[len < sizeof text ? len : 0] = 0;
        strbuf_printf(&allowed, "%s%s", i ? ", " : "", text[0] ? text : "…");
    }
    enum err err =
        arguments_fault(check, place, "must be one of %s", allowed.data ? allowed.data : "none");
    strbuf_free(&allowed);
    return err;
}

enum err arguments_check_choice(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    const json_t *list = json_object_get(schema, "enum");
    json_t *constant = json_object_get(schema, "const");
    enum err err = json_is_array(list) ? check_listed(check, place, list) : ERR_OK;
    if (err || !constant || is_same(place->value, constant))
        return err;
    json_t *only = json_pack("[O]", constant);
    err = check_listed(check, place, only);
    json_decref(only);
    return err;
}

/* ---- numbers, texts ---- */

static bool bound_of(const json_t *schema, const char *name, double *bound)
{
    const json_t *value = json_object_get(schema, name);
    *bound = json_number_value(value);
    return json_is_number(value);
}

enum err arguments_check_number(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    double number = json_number_value(place->value), bound;
    if (bound_of(schema, "minimum", &bound) && number < bound)
        return arguments_fault(check, place, "must be %g or more", bound);
    if (bound_of(schema, "maximum", &bound) && number > bound)
        return arguments_fault(check, place, "must be %g or less", bound);
    if (bound_of(schema, "exclusiveMinimum", &bound) && number <= bound)
        return arguments_fault(check, place, "must be more than %g", bound);
    if (bound_of(schema, "exclusiveMaximum", &bound) && number >= bound)
        return arguments_fault(check, place, "must be less than %g", bound);
    if (!bound_of(schema, "multipleOf", &bound) || !(bound > 0))
        return ERR_OK;
    double off = fabs(remainder(number, bound)); /* 0.3 is three times 0.1 */
    return off <= fabs(bound) * 1e-9 + fabs(number) * 1e-12
               ? ERR_OK
               : arguments_fault(check, place, "must be a multiple of %g", bound);
}

static size_t character_count(const json_t *string)
{
    struct slice rest = {json_string_value(string), json_string_length(string)};
    size_t count = 0;
    while (rest.len) {
        size_t len = utf8_length(rest.data, rest.len);
        len = len ? len : 1;
        rest = (struct slice){rest.data + len, rest.len - len};
        count++;
    }
    return count;
}

/* Other than the ends of lines, and tabs. */
static bool has_control(const json_t *string)
{
    const char *text = json_string_value(string);
    size_t len = json_string_length(string);
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == 127)
            return true;
    return false;
}

enum err arguments_check_size(struct arguments_check *check, const struct arguments_place *place,
    const json_t *schema, const char *const names[2], size_t size, const char *unit)
{
    double bound;
    if (bound_of(schema, names[0], &bound) && (double)size < bound)
        return arguments_fault(check, place, "must have %g %s or more, not %zu", bound, unit, size);
    if (bound_of(schema, names[1], &bound) && (double)size > bound)
        return arguments_fault(
            check, place, "must have %g %s or fewer, not %zu", bound, unit, size);
    return ERR_OK;
}

enum err arguments_check_text(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema)
{
    static const char *const names[] = {"minLength", "maxLength"};
    size_t count = character_count(place->value);
    if (has_control(place->value))
        return arguments_fault(check, place, "must not hold control characters");
    if (count > ARGUMENTS_TEXT_MAX)
        return arguments_fault(
            check, place, "must have %d characters or fewer, not %zu", ARGUMENTS_TEXT_MAX, count);
    return arguments_check_size(check, place, schema, names, count, "characters");
}
