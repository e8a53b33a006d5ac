#include "base/slice.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct slice slice_from(const char *text)
{
    return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_from(text));
}

bool slice_is_nocase(struct slice a, const char *text)
{
    size_t len = strlen(text);
    return a.len == len && (len == 0 || strncasecmp(a.data, text, len) == 0);
}

bool slice_is_one_of(struct slice a, const char *const *list)
{
    for (; *list; list++)
        if (slice_is_nocase(a, *list))
            return true;
    return false;
}

bool slice_starts(struct slice a, const char *prefix)
{
    size_t len = strlen(prefix);
    return a.len >= len && (len == 0 || memcmp(a.data, prefix, len) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice a)
{
    while (a.len && is_blank(a.data[0])) {
        a.data++;
        a.len--;
    }
    while (a.len && is_blank(a.data[a.len - 1]))
        a.len--;
    return a;
}

struct slice slice_split(struct slice *rest, char separator)
{
    const char *hit = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    if (!hit) {
        struct slice all = *rest;
        *rest = (struct slice){"", 0};
        return all;
    }
    struct slice before = {rest->data, (size_t)(hit - rest->data)};
    rest->len -= before.len + 1;
    rest->data = hit + 1;
    return before;
}

char *slice_dup(struct slice a)
{
    char *copy = malloc(a.len + 1);
    if (!copy)
        return NULL;
    if (a.len)
        memcpy(copy, a.data, a.len);
    copy[a.len] = 0;
    return copy;
}

bool slice_copy(struct slice a, char *out, size_t size)
{
    size_t len = a.len < size ? a.len : size - 1;
    if (len)
        memcpy(out, a.data, len);
    out[len] = 0;
    return len == a.len;
}
