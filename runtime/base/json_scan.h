/* Reads one JSON object in place: checks the grammar of all of it (RFC 8259, UTF-8 included, at most
   JSON_SCAN_DEPTH containers deep) and points at the members that are asked for. Allocates nothing;
   for messages that are many, or mostly audio. Everything else is jansson's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define JSON_SCAN_DEPTH 16

enum json_scan_kind {
    JSON_SCAN_MISSING,
    JSON_SCAN_STRING,
    JSON_SCAN_NUMBER,
    JSON_SCAN_OBJECT,
    JSON_SCAN_ARRAY,
    JSON_SCAN_WORD, /* true, false, null */
};

struct json_scan_value {
    enum json_scan_kind kind;
    struct slice raw; /* as written; of a string what is between the quotes */
    bool has_escape;  /* a string with a backslash in it */
    bool is_repeated; /* its name came more than once: this is the last */
};

/* Finds `names` in the object that is all of `text` (blanks around it are fine).
   ERR_BAD: not an object, not JSON, or too deep. */
must_use enum err json_scan_object(
    struct slice text, const char *const *names, struct json_scan_value *values, size_t count);
/* A string's characters, terminated. Escapes past ASCII and NUL become '?', which no name, id or
   base64 text holds. False: not a string, or it does not fit. */
bool json_scan_text(const struct json_scan_value *value, char *out, size_t size);
/* A whole number up to 2^53, written as a number or as a string of digits. */
bool json_scan_count(const struct json_scan_value *value, uint64_t *out);
