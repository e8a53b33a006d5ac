/* Our reader that allocates nothing beside jansson's: both take the same documents (within our depth), and
   find the same members with the same texts. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"event", "media", "payload", "timestamp"};
#define NAMES (sizeof names / sizeof *names)

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text > 0x7f)
            return false;
    }
    return true;
}

static void compare_text(const struct json_scan_value *value, const json_t *oracle)
{
    char text[64];
    bool fits = json_scan_text(value, text, sizeof text);
    const char *expected = json_string_value(oracle);
    if (strlen(expected) != json_string_length(oracle) || !is_plain(expected))
        return; /* with NUL or past ASCII: becomes '?' */
    must(fits == (strlen(expected) < sizeof text));
    must(!fits || !strcmp(text, expected));
}

static void compare_number(const struct json_scan_value *value, const json_t *oracle)
{
    uint64_t count;
    if (json_scan_count(value, &count) && json_is_integer(oracle))
        must((uint64_t)json_integer_value(oracle) == count);
}

static void compare(const struct json_scan_value *value, const json_t *oracle)
{
    switch (value->kind) {
    case JSON_SCAN_MISSING:
        must(!oracle);
        break;
    case JSON_SCAN_STRING:
        must(json_is_string(oracle));
        compare_text(value, oracle);
        break;
    case JSON_SCAN_NUMBER:
        must(json_is_number(oracle));
        compare_number(value, oracle);
        break;
    case JSON_SCAN_OBJECT:
        must(json_is_object(oracle));
        break;
    case JSON_SCAN_ARRAY:
        must(json_is_array(oracle));
        break;
    case JSON_SCAN_WORD:
        must(json_is_boolean(oracle) || json_is_null(oracle));
        break;
    }
}

static size_t depth_of(const json_t *value)
{
    size_t deepest = 0, i;
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)value, key, member)
    {
        size_t depth = depth_of(member);
        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, i, member)
    {
        size_t depth = depth_of(member);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(value) || json_is_array(value));
}

/* What jansson refuses for its own reasons, beyond the grammar: numbers that no double or long holds, NUL in a
   name, an escaped half of a surrogate pair (which is '?' to us). */
static bool is_of_its_own(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           strstr(error->text, "invalid Unicode");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_scan_value values[NAMES];
    json_error_t error;
    struct slice text = {(const char *)data, size};
    enum err err = json_scan_object(text, names, values, NAMES);
    if (memchr(data, 0, size)) { /* never JSON; jansson overlooks one behind a number */
        must(err != ERR_OK);
        return 0;
    }
    json_t *oracle = json_loadb(text.data, text.len, JSON_ALLOW_NUL, &error);
    if (!err) {
        must(oracle || is_of_its_own(&error));
        for (size_t i = 0; oracle && i < NAMES; i++)
            compare(&values[i], json_object_get(oracle, names[i]));
    } else {
        must(!json_is_object(oracle) || depth_of(oracle) > JSON_SCAN_DEPTH);
    }
    json_decref(oracle);
    return 0;
}
