#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "net/server_internal.h"

#define MAX_UNSENT_BYTES (1u << 20)

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
        {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
        {307, "Temporary Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
        {402, "Payment Required"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
        {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
        {426, "Upgrade Required"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
        {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
        {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].status == status)
            return texts[i].text;
    }
    return "Status";
}

static bool is_bodiless(int status)
{
    return status == 204 || status == 304;
}

static void add_head(struct exchange *exchange, int status, const char *content_type)
{
    struct connection *connection = exchange->connection;
    struct strbuf *out = &connection->out;
    strbuf_printf(out, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    if (content_type)
        strbuf_printf(out, "Content-Type: %s\r\n", content_type);
    for (unsigned i = 0; i < exchange->header_count; i++)
        strbuf_printf(out, "%s: %s\r\n", exchange->headers[i].name, exchange->headers[i].value);
    if (!connection->keep_alive)
        strbuf_add_text(out, "Connection: close\r\n");
}

void exchange_set_header(struct exchange *exchange, const char *name, const char *value)
{
    assert(exchange->header_count < EXCHANGE_HEADERS);
    assert(!strpbrk(name, "\r\n") && !strpbrk(value, "\r\n"));
    unsigned i = exchange->header_count++;
    bool fits =
        slice_copy(slice_from(name), exchange->headers[i].name, sizeof exchange->headers[i].name) &&
        slice_copy(
            slice_from(value), exchange->headers[i].value, sizeof exchange->headers[i].value);
    assert(fits);
}

void exchange_answer(
    struct exchange *exchange, int status, const char *content_type, struct slice body)
{
    struct connection *connection = exchange->connection;
    struct strbuf *out = &connection->out;
    assert(connection->state <= CONNECTION_WAITING);
    add_head(exchange, status, content_type);
    if (!is_bodiless(status))
        strbuf_printf(out, "Content-Length: %zu\r\n", body.len);
    strbuf_add_text(out, "\r\n");
    if (!exchange->is_head && !is_bodiless(status))
        strbuf_add_slice(out, body);
    connection_send(connection, true);
}

/* An HTTP/1.0 client knows no chunks: its stream ends with the connection. */
void exchange_begin(struct exchange *exchange, int status, const char *content_type)
{
    struct connection *connection = exchange->connection;
    assert(connection->state == CONNECTION_WAITING);
    exchange->is_chunked = !exchange->is_1_0;
    connection->state = CONNECTION_STREAMING;
    add_head(exchange, status, content_type);
    if (exchange->is_chunked)
        strbuf_add_text(&connection->out, "Transfer-Encoding: chunked\r\n");
    strbuf_add_text(&connection->out, "\r\n");
    connection_send(connection, false);
}

enum err exchange_write(struct exchange *exchange, struct slice data)
{
    struct connection *connection = exchange->connection;
    struct strbuf *out = &connection->out;
    if (connection->state == CONNECTION_LOST)
        return ERR_CLOSED;
    assert(connection->state == CONNECTION_STREAMING);
    if (out->len - connection->out_sent + data.len > MAX_UNSENT_BYTES)
        return ERR_FULL;
    if (!data.len || exchange->is_head)
        return ERR_OK;
    if (exchange->is_chunked)
        strbuf_printf(out, "%zx\r\n", data.len);
    strbuf_add_slice(out, data);
    if (exchange->is_chunked)
        strbuf_add_text(out, "\r\n");
    connection_send(connection, false);
    return connection->state == CONNECTION_STREAMING ? ERR_OK : ERR_CLOSED;
}

void exchange_end(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;
    if (connection->state == CONNECTION_LOST) {
        connection_close(connection);
        return;
    }
    assert(connection->state == CONNECTION_STREAMING);
    if (exchange->is_chunked && !exchange->is_head)
        strbuf_add_text(&connection->out, "0\r\n\r\n");
    connection_send(connection, true);
}

void exchange_abort(struct exchange *exchange)
{
    connection_close(exchange->connection);
}
