#include "providers/sse.h"

#include <string.h>

void sse_init(struct sse *sse, size_t limit_bytes)
{
    memset(sse, 0, sizeof(*sse));
    strbuf_init(&sse->line, limit_bytes);
    strbuf_init(&sse->data, limit_bytes);
    strbuf_init(&sse->kind, limit_bytes);
}

void sse_free(struct sse *sse)
{
    strbuf_free(&sse->line);
    strbuf_free(&sse->data);
    strbuf_free(&sse->kind);
}

static void forget_event(struct sse *sse)
{
    strbuf_clear(&sse->data);
    strbuf_clear(&sse->kind);
    sse->has_data = false;
    sse->is_handed_out = false;
}

/* A blank line: hands the event out, or drops one that had no data. */
static void dispatch(struct sse *sse, struct sse_event *out)
{
    if (!sse->has_data) {
        forget_event(sse);
        return;
    }
    *out = (struct sse_event){
        .is_whole = true, .kind = strbuf_slice(&sse->kind), .data = strbuf_slice(&sse->data)};
    sse->is_handed_out = true;
}

static void take_field(struct sse *sse, struct slice name, struct slice value)
{
    if (slice_is(name, "data")) {
        if (sse->has_data)
            strbuf_add_char(&sse->data, '\n');
        strbuf_add_slice(&sse->data, value);
        sse->has_data = true;
    } else if (slice_is(name, "event")) {
        strbuf_clear(&sse->kind);
        strbuf_add_slice(&sse->kind, value);
    }
}

static void take_line(struct sse *sse, struct sse_event *out)
{
    struct slice line = strbuf_slice(&sse->line);
    if (!sse->is_started && slice_starts(line, "\xef\xbb\xbf"))
        line = (struct slice){line.data + 3, line.len - 3};
    sse->is_started = true;
    if (!line.len) {
        dispatch(sse, out);
    } else if (line.data[0] != ':') {
        struct slice value = line;
        struct slice name = slice_split(&value, ':');
        if (value.len && value.data[0] == ' ')
            value = (struct slice){value.data + 1, value.len - 1};
        take_field(sse, name, value);
    }
    strbuf_clear(&sse->line);
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Moves bytes up to the next line end into the line. */
static void take_bytes(struct sse *sse, struct slice *bytes)
{
    size_t len = 0;
    while (len < bytes->len && !is_line_end(bytes->data[len]))
        len++;
    strbuf_add(&sse->line, bytes->data, len);
    *bytes = (struct slice){bytes->data + len, bytes->len - len};
}

static bool is_over_limit(const struct sse *sse)
{
    return sse->line.failed || sse->data.failed || sse->kind.failed;
}

enum err sse_next(struct sse *sse, struct slice *bytes, struct sse_event *out)
{
    *out = (struct sse_event){0};
    if (sse->is_handed_out)
        forget_event(sse);
    while (bytes->len && !out->is_whole && !is_over_limit(sse)) {
        char c = bytes->data[0];
        if (!is_line_end(c)) {
            sse->was_return = false;
            take_bytes(sse, bytes);
            continue;
        }
        bool is_second_half = c == '\n' && sse->was_return;
        sse->was_return = c == '\r';
        *bytes = (struct slice){bytes->data + 1, bytes->len - 1};
        if (!is_second_half)
            take_line(sse, out);
    }
    return is_over_limit(sse) ? ERR_FULL : ERR_OK;
}

enum err sse_finish(struct sse *sse, struct sse_event *out)
{
    *out = (struct sse_event){0};
    if (sse->is_handed_out)
        forget_event(sse);
    if (sse->line.len)
        take_line(sse, out);
    if (!out->is_whole)
        dispatch(sse, out);
    return is_over_limit(sse) ? ERR_FULL : ERR_OK;
}
