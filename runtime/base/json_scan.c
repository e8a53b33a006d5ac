#include "base/json_scan.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

#define COUNT_MAX (1ull << 53)

struct cursor {
    const char *at;
    const char *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' ||
                                           *cursor->at == '\n' || *cursor->at == '\r'))
        cursor->at++;
}

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Behind a backslash. */
static bool skip_escape(struct cursor *cursor)
{
    if (cursor->at == cursor->end)
        return false;
    char c = *cursor->at++;
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c);
    for (int i = 0; i < 4; i++, cursor->at++)
        if (cursor->at == cursor->end || hex_value(*cursor->at) < 0)
            return false;
    return true;
}

#define EVERY_BYTE(value) (0x0101010101010101ull * (value))

/* Whether none of eight bytes is a control character, a quote, a backslash or outside of ASCII. A
   subtraction borrows into the top bit of exactly the bytes that are too small (and of some behind
   one of those, which changes nothing). */
static bool are_plain(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    uint64_t hits = bytes | (bytes - EVERY_BYTE(0x20)) |
                    ((bytes ^ EVERY_BYTE('"')) - EVERY_BYTE(1)) |
                    ((bytes ^ EVERY_BYTE('\\')) - EVERY_BYTE(1));
    return (hits & EVERY_BYTE(0x80)) == 0;
}

/* Past every character that a string takes as it is: nearly all there are. */
static void skip_plain(struct cursor *cursor)
{
    const char *at = cursor->at;
    const char *end = cursor->end;
    while (end - at >= 8 && are_plain(at))
        at += 8;
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    cursor->at = at;
}

static bool skip_utf8(struct cursor *cursor)
{
    size_t len = utf8_length(cursor->at, (size_t)(cursor->end - cursor->at));
    cursor->at += len;
    return len > 0;
}

static bool skip_string(struct cursor *cursor, struct json_scan_value *value)
{
    if (!take(cursor, '"'))
        return false;
    *value = (struct json_scan_value){.kind = JSON_SCAN_STRING, .raw = {cursor->at, 0}};
    for (;;) {
        skip_plain(cursor);
        if (take(cursor, '"')) {
            value->raw.len = (size_t)(cursor->at - 1 - value->raw.data);
            return true;
        }
        if (take(cursor, '\\')) {
            value->has_escape = true;
            if (!skip_escape(cursor))
                return false;
        } else if (cursor->at == cursor->end || (unsigned char)*cursor->at < 0x20 ||
                   !skip_utf8(cursor)) {
            return false;
        }
    }
}

static size_t skip_digits(struct cursor *cursor)
{
    const char *start = cursor->at;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
        cursor->at++;
    return (size_t)(cursor->at - start);
}

static bool skip_number(struct cursor *cursor)
{
    take(cursor, '-');
    if (!take(cursor, '0') && skip_digits(cursor) == 0)
        return false;
    if (take(cursor, '.') && skip_digits(cursor) == 0)
        return false;
    if (!take(cursor, 'e') && !take(cursor, 'E'))
        return true;
    if (!take(cursor, '+'))
        take(cursor, '-');
    return skip_digits(cursor) > 0;
}

static bool skip_word(struct cursor *cursor)
{
    static const char *const words[] = {"true", "false", "null"};
    struct slice rest = {cursor->at, (size_t)(cursor->end - cursor->at)};
    for (size_t i = 0; i < 3; i++) {
        if (!slice_starts(rest, words[i]))
            continue;
        cursor->at += strlen(words[i]);
        return true;
    }
    return false;
}

static bool skip_value(struct cursor *cursor, struct json_scan_value *value, unsigned depth);

static bool skip_elements(struct cursor *cursor, unsigned depth)
{
    cursor->at++;
    skip_blanks(cursor);
    if (take(cursor, ']'))
        return true;
    struct json_scan_value element;
    do {
        if (!skip_value(cursor, &element, depth))
            return false;
    } while (take(cursor, ','));
    return take(cursor, ']');
}

/* Blanks, a key, a colon; the cursor is before the value. */
static bool skip_key(struct cursor *cursor, struct json_scan_value *key)
{
    skip_blanks(cursor);
    if (!skip_string(cursor, key))
        return false;
    skip_blanks(cursor);
    return take(cursor, ':');
}

static bool skip_members(struct cursor *cursor, unsigned depth)
{
    cursor->at++;
    skip_blanks(cursor);
    if (take(cursor, '}'))
        return true;
    struct json_scan_value member;
    do {
        if (!skip_key(cursor, &member) || !skip_value(cursor, &member, depth))
            return false;
    } while (take(cursor, ','));
    return take(cursor, '}');
}

/* A value of any kind with the blanks around it; `depth` containers are open. */
static bool skip_value(struct cursor *cursor, struct json_scan_value *value, unsigned depth)
{
    skip_blanks(cursor);
    if (cursor->at == cursor->end)
        return false;
    const char *start = cursor->at;
    char c = *start;
    bool is_container = c == '{' || c == '[';
    if (is_container && depth == JSON_SCAN_DEPTH)
        return false;
    enum json_scan_kind kind = JSON_SCAN_STRING;
    bool is_good;
    if (c == '"') {
        is_good = skip_string(cursor, value);
    } else if (is_container) {
        kind = c == '{' ? JSON_SCAN_OBJECT : JSON_SCAN_ARRAY;
        is_good = c == '{' ? skip_members(cursor, depth + 1) : skip_elements(cursor, depth + 1);
    } else {
        bool is_number = c == '-' || (c >= '0' && c <= '9');
        kind = is_number ? JSON_SCAN_NUMBER : JSON_SCAN_WORD;
        is_good = is_number ? skip_number(cursor) : skip_word(cursor);
    }
    if (kind != JSON_SCAN_STRING)
        *value =
            (struct json_scan_value){.kind = kind, .raw = {start, (size_t)(cursor->at - start)}};
    skip_blanks(cursor);
    return is_good;
}

static bool key_is(const struct json_scan_value *key, const char *name)
{
    if (!key->has_escape)
        return slice_is(key->raw, name);
    char text[32];
    return json_scan_text(key, text, sizeof text) && strcmp(text, name) == 0;
}

static void keep(const struct json_scan_value *key, const struct json_scan_value *value,
    const char *const *names, struct json_scan_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!key_is(key, names[i]))
            continue;
        bool is_repeated = values[i].kind != JSON_SCAN_MISSING;
        values[i] = *value;
        values[i].is_repeated = is_repeated;
        return;
    }
}

enum err json_scan_object(
    struct slice text, const char *const *names, struct json_scan_value *values, size_t count)
{
    memset(values, 0, count * sizeof *values);
    if (text.len == 0)
        return ERR_BAD;
    struct cursor cursor = {text.data, text.data + text.len};
    skip_blanks(&cursor);
    if (!take(&cursor, '{'))
        return ERR_BAD;
    skip_blanks(&cursor);
    bool is_empty = take(&cursor, '}');
    if (!is_empty) {
        struct json_scan_value key;
        struct json_scan_value value;
        do {
            if (!skip_key(&cursor, &key) || !skip_value(&cursor, &value, 1))
                return ERR_BAD;
            keep(&key, &value, names, values, count);
        } while (take(&cursor, ','));
        if (!take(&cursor, '}'))
            return ERR_BAD;
    }
    skip_blanks(&cursor);
    return cursor.at == cursor.end ? ERR_OK : ERR_BAD;
}

/* The character of an escape that the scan has already checked; `*at` is behind the backslash. */
static char unescape(const char **at)
{
    char c = *(*at)++;
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u': {
        int code = 0;
        for (int i = 0; i < 4; i++)
            code = code << 4 | hex_value(*(*at)++);
        return code > 0 && code < 0x80 ? (char)code : '?';
    }
    default:
        return c;
    }
}

bool json_scan_text(const struct json_scan_value *value, char *out, size_t size)
{
    if (value->kind != JSON_SCAN_STRING)
        return false;
    if (!value->has_escape)
        return slice_copy(value->raw, out, size);
    size_t len = 0;
    const char *end = value->raw.data + value->raw.len;
    for (const char *at = value->raw.data; at < end;) {
        if (len + 1 >= size)
            return false;
        char c = *at++;
        out[len++] = c == '\\' ? unescape(&at) : c;
    }
    out[len] = 0;
    return true;
}

bool json_scan_count(const struct json_scan_value *value, uint64_t *out)
{
    if (value->kind != JSON_SCAN_STRING && value->kind != JSON_SCAN_NUMBER)
        return false;
    uint64_t number = 0;
    for (size_t i = 0; i < value->raw.len; i++) {
        char c = value->raw.data[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (uint64_t)(c - '0');
        if (number > COUNT_MAX)
            return false;
    }
    *out = number;
    return value->raw.len > 0;
}
