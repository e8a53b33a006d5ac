#include "net/request.h"

#include <string.h>

#include "base/hex.h"

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char((unsigned char)text.data[i]))
            return false;
    }
    return text.len > 0;
}

static bool is_value(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_target(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return false;
    }
    return text.len > 0 && text.data[0] == '/';
}

/* Whether a comma-separated list names `word`. */
static bool list_has(struct slice list, const char *word)
{
    while (list.len) {
        if (slice_is_nocase(slice_trim(slice_split(&list, ',')), word))
            return true;
    }
    return false;
}

static int parse_request_line(struct request *out, struct slice line)
{
    out->method = slice_split(&line, ' ');
    out->path = slice_split(&line, ' ');
    if (!is_token(out->method) || !is_target(out->path))
        return -400;
    out->query = out->path;
    out->path = slice_split(&out->query, '?');
    out->is_1_0 = slice_is(line, "HTTP/1.0");
    if (out->is_1_0 || slice_is(line, "HTTP/1.1"))
        return 0;
    return slice_starts(line, "HTTP/") ? -505 : -400;
}

static int parse_length(struct request *out, struct slice value)
{
    if (out->has_length || !value.len || value.len > 15)
        return -400;
    out->has_length = true;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return -400;
        out->content_length = out->content_length * 10 + (uint64_t)(value.data[i] - '0');
    }
    return 0;
}

struct wanted {
    const char *name;
    size_t offset;
};

#define WANTED(header, field)                                                                      \
    {                                                                                              \
        header, offsetof(struct request, field)                                                    \
    }
static const struct wanted wanted[] = {
    WANTED("host", host),
    WANTED("content-type", content_type),
    WANTED("x-twilio-signature", signature),
    WANTED("authorization", authorization),
    WANTED("xi-api-key", api_key),
    WANTED("x-moonline-elsewhere", elsewhere),
    WANTED("upgrade", upgrade),
    WANTED("sec-websocket-key", ws_key),
    WANTED("sec-websocket-version", ws_version),
};

/* A header that decides something may come once. */
static int keep_wanted(struct request *out, struct slice name, struct slice value)
{
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!slice_is_nocase(name, wanted[i].name))
            continue;
        struct slice *field = (struct slice *)((char *)out + wanted[i].offset);
        if (field->data)
            return -400;
        *field = value;
    }
    return 0;
}

static int parse_header(struct request *out, struct slice line)
{
    const char *colon = memchr(line.data, ':', line.len);
    if (!colon)
        return -400;
    struct slice value = line;
    struct slice name = slice_split(&value, ':');
    value = slice_trim(value);
    if (!is_token(name) || !is_value(value))
        return -400;
    if (slice_is_nocase(name, "content-length"))
        return parse_length(out, value);
    if (slice_is_nocase(name, "transfer-encoding")) {
        bool is_known = slice_is_nocase(value, "chunked") && !out->is_chunked;
        out->is_chunked = true;
        return is_known ? 0 : -501;
    }
    if (slice_is_nocase(name, "connection")) {
        out->wants_close |= list_has(value, "close");
        out->wants_upgrade |= list_has(value, "upgrade");
    }
    if (slice_is_nocase(name, "expect"))
        out->expects_continue = slice_is_nocase(value, "100-continue");
    return keep_wanted(out, name, value);
}

/* A name or address and a port, or nothing: no user, no path, no list (RFC 9112, 3.2). */
static bool is_host(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.data[i];
        bool is_alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_alphanumeric && !strchr("-._~:[]%!$&'()*+;=", c))
            return false;
    }
    return true;
}

static int check_whole(const struct request *out)
{
    if (out->is_chunked && (out->has_length || out->is_1_0))
        return -400;
    if (!is_host(out->host))
        return -400;
    return !out->host.data && !out->is_1_0 ? -400 : 0;
}

/* Cuts the next line off; false when it is not ended by CR LF or holds a stray one. */
static bool next_line(struct slice *rest, struct slice *line)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    if (!end || end == rest->data || end[-1] != '\r')
        return false;
    *line = (struct slice){rest->data, (size_t)(end - rest->data) - 1};
    rest->len -= line->len + 2;
    rest->data = end + 1;
    return !memchr(line->data, '\r', line->len);
}

static int parse_lines(struct request *out, struct slice rest)
{
    struct slice line;
    if (!next_line(&rest, &line))
        return -400;
    int failed = parse_request_line(out, line);
    while (!failed && rest.len) {
        if (!next_line(&rest, &line))
            return -400;
        if (line.len)
            failed = parse_header(out, line);
    }
    return failed ? failed : check_whole(out);
}

int request_parse(struct request *out, const char *data, size_t len)
{
    *out = (struct request){0};
    const char *end = memmem(data, len, "\r\n\r\n", 4);
    size_t head = end ? (size_t)(end - data) + 4 : len;
    if (head > REQUEST_MAX_HEAD || (!end && len >= REQUEST_MAX_HEAD))
        return -431;
    if (!end)
        return 0;
    int failed = parse_lines(out, (struct slice){data, head});
    return failed ? failed : (int)head;
}

/* 16 bytes in base64: 22 characters and two pads. */
static bool is_ws_key(struct slice key)
{
    if (key.len != 24 || memcmp(key.data + 22, "==", 2))
        return false;
    for (size_t i = 0; i < 22; i++) {
        unsigned char c = (unsigned char)key.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                c == '+' || c == '/'))
            return false;
    }
    return true;
}

int request_check_upgrade(const struct request *request)
{
    if (!slice_is_nocase(request->upgrade, "websocket") || !request->wants_upgrade ||
        !slice_is(request->method, "GET") || request->is_1_0)
        return 400;
    if (!slice_is(request->ws_version, "13"))
        return 426;
    bool has_body = request->is_chunked || request->content_length > 0;
    return is_ws_key(request->ws_key) && !has_body ? 101 : 400;
}

static int parse_chunk_size(struct chunked *chunked, struct slice line)
{
    struct slice digits = slice_split(&line, ';');
    if (!digits.len || digits.len > 12)
        return -400;
    chunked->left = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int value = hex_value(digits.data[i]);
        if (value < 0)
            return -400;
        chunked->left = chunked->left * 16 + (uint64_t)value;
    }
    chunked->state = chunked->left ? CHUNK_DATA : CHUNK_TRAILER;
    return 0;
}

static int take_line(struct chunked *chunked, struct slice line)
{
    switch (chunked->state) {
    case CHUNK_SIZE:
        return parse_chunk_size(chunked, line);
    case CHUNK_END:
        chunked->state = CHUNK_SIZE;
        return line.len ? -400 : 0;
    case CHUNK_TRAILER:
        chunked->trailer_bytes += line.len;
        if (!line.len)
            chunked->state = CHUNK_DONE;
        return chunked->trailer_bytes > 4096 ? -431 : 0;
    case CHUNK_DATA:
    case CHUNK_DONE:
        break;
    }
    return -400;
}

static int take_data(struct chunked *chunked, struct strbuf *body, struct slice *rest)
{
    size_t take = rest->len < chunked->left ? rest->len : (size_t)chunked->left;
    if (chunked->left > body->limit - body->len)
        return -413;
    strbuf_add(body, rest->data, take);
    rest->data += take;
    rest->len -= take;
    chunked->left -= take;
    if (!chunked->left)
        chunked->state = CHUNK_END;
    return body->failed ? -413 : 0;
}

int chunked_take(struct chunked *chunked, struct strbuf *body, struct slice data, size_t *used)
{
    struct slice rest = data;
    int failed = 0;
    while (!failed && rest.len && chunked->state != CHUNK_DONE) {
        struct slice line;
        if (chunked->state == CHUNK_DATA)
            failed = take_data(chunked, body, &rest);
        else if (memchr(rest.data, '\n', rest.len))
            failed = next_line(&rest, &line) ? take_line(chunked, line) : -400;
        else if (rest.len > 1024)
            failed = -400;
        else
            break;
    }
    *used = data.len - rest.len;
    return failed ? failed : chunked->state == CHUNK_DONE;
}
