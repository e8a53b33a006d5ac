#include "reply_template.h"

#include <string.h>

#include "base/slice.h"
#include "base/strbuf.h"

#define MAX_BYTES (64u << 10)

/* Its text, or that of its first text part. */
static const char *text_of(const json_t *message)
{
    const json_t *content = json_object_get(message, "content");
    if (json_is_array(content))
        content = json_object_get(json_array_get(content, 0), "text");
    const char *text = json_string_value(content);
    return text ? text : "";
}

const char *reply_last_message(const json_t *messages)
{
    size_t count = json_array_size(messages);
    return text_of(count ? json_array_get(messages, count - 1) : NULL);
}

static const char *last_of(const json_t *messages, const char *role)
{
    for (size_t i = json_array_size(messages); i--;) {
        const json_t *message = json_array_get(messages, i);
        const char *found = json_string_value(json_object_get(message, "role"));
        if (found && !strcmp(found, role))
            return text_of(message);
    }
    return "";
}

static const char *system_of(const json_t *messages)
{
    const char *system = last_of(messages, "system");
    return system[0] ? system : last_of(messages, "developer");
}

/* The rest of the line after the label. */
static struct slice after_label(const char *text, struct slice label)
{
    for (; *text; text++)
        if (!strncmp(text, label.data, label.len))
            return slice_trim((struct slice){text + label.len, strcspn(text + label.len, "\n")});
    return (struct slice){"", 0};
}

/* What a name in braces stands for; false: it is none of ours. */
static bool look_up(struct strbuf *out, struct slice name, const json_t *messages)
{
    if (slice_is(name, "user"))
        strbuf_add_text(out, last_of(messages, "user"));
    else if (slice_is(name, "last"))
        strbuf_add_text(out, reply_last_message(messages));
    else if (slice_is(name, "system"))
        strbuf_add_text(out, system_of(messages));
    else if (slice_is(name, "messages"))
        strbuf_printf(out, "%zu", json_array_size(messages));
    else if (slice_starts(name, "system:"))
        strbuf_add_slice(
            out, after_label(system_of(messages), (struct slice){name.data + 7, name.len - 7}));
    else
        return false;
    return true;
}

char *reply_fill(const char *text, const json_t *messages)
{
    struct strbuf out;
    strbuf_init(&out, MAX_BYTES);
    while (*text) {
        const char *end = !strncmp(text, "{{", 2) ? strstr(text, "}}") : NULL;
        struct slice name = {text + 2, end ? (size_t)(end - text - 2) : 0};
        if (end && look_up(&out, name, messages)) {
            text = end + 2;
            continue;
        }
        strbuf_add_char(&out, *text++);
    }
    char *filled = out.failed ? NULL : strndup(out.data ? out.data : "", out.len);
    strbuf_free(&out);
    return filled;
}
