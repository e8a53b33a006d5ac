#include "openai/multipart.h"

#include <string.h>

#define BOUNDARY_MAX 70 /* RFC 2046 */

static void skip(struct slice *text, size_t len)
{
    *text = (struct slice){text->data + len, text->len - len};
}

static bool take(struct slice *text, struct slice wanted)
{
    bool is_there = text->len >= wanted.len && !memcmp(text->data, wanted.data, wanted.len);
    if (is_there)
        skip(text, wanted.len);
    return is_there;
}

static const char *find(struct slice text, struct slice wanted)
{
    return text.len ? memmem(text.data, text.len, wanted.data, wanted.len) : NULL;
}

/* The value of `; key=value` or `; key="value"` behind the first `;`; empty: there is none. */
static struct slice parameter(struct slice header, const char *key)
{
    (void)slice_split(&header, ';');
    while (header.len) {
        struct slice value = slice_split(&header, ';');
        struct slice name = slice_trim(slice_split(&value, '='));
        value = slice_trim(value);
        if (!slice_is_nocase(name, key))
            continue;
        if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
            return (struct slice){value.data + 1, value.len - 2};
        return value;
    }
    return (struct slice){"", 0};
}

/* The head of a part up to its empty line. */
static enum err read_head(struct form_part *part, struct slice *rest)
{
    *part = (struct form_part){.name = {"", 0}, .filename = {"", 0}};
    for (;;) {
        const char *end = find(*rest, SLICE("\r\n"));
        if (!end)
            return ERR_BAD;
        struct slice value = {rest->data, (size_t)(end - rest->data)};
        skip(rest, value.len + 2);
        if (!value.len)
            return part->name.len ? ERR_OK : ERR_BAD;
        struct slice name = slice_split(&value, ':');
        value = slice_trim(value);
        if (!slice_is_nocase(name, "content-disposition"))
            continue;
        if (!slice_starts(value, "form-data"))
            return ERR_BAD;
        part->name = parameter(value, "name");
        part->filename = parameter(value, "filename");
    }
}

enum err multipart_read(struct form_part *parts, size_t room, size_t *count,
    struct slice content_type, struct slice body)
{
    char line[BOUNDARY_MAX + 8] = "\r\n--";
    struct slice boundary = parameter(content_type, "boundary");
    if (!slice_starts(content_type, "multipart/form-data") || !boundary.len ||
        boundary.len > BOUNDARY_MAX)
        return ERR_BAD;
    memcpy(line + 4, boundary.data, boundary.len);
    struct slice between = {line, boundary.len + 4};
    *count = 0;
    if (!take(&body, (struct slice){line + 2, boundary.len + 2}))
        return ERR_BAD;
    while (take(&body, SLICE("\r\n"))) {
        if (*count == room)
            return ERR_FULL;
        struct form_part *part = &parts[*count];
        if (read_head(part, &body))
            return ERR_BAD;
        const char *end = find(body, between);
        if (!end)
            return ERR_BAD;
        part->value = (struct slice){body.data, (size_t)(end - body.data)};
        skip(&body, part->value.len + between.len);
        ++*count;
    }
    return take(&body, SLICE("--")) ? ERR_OK : ERR_BAD;
}
