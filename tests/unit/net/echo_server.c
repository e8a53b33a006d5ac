#include "unit/net/echo_server.h"

#include <stdio.h>
#include <string.h>

const struct server_options echo_options = {
    .listen = "127.0.0.1:0",
    .max_body_bytes = 1000,
    .max_message_bytes = 100000,
    .max_queue_bytes = 1 << 20,
    .request_timeout_ms = 5000,
    .max_connections = 100,
};

static void on_text(void *owner, struct slice message)
{
    struct echo_socket *socket = owner;
    socket->server->texts++;
    socket->server->last_len = message.len;
    if (socket->server->is_echoing)
        assert_int_equal(ws_send(socket->ws, message), ERR_OK);
    if (slice_is(message, "close me"))
        ws_close(socket->ws, 4001, "as you wish");
    if (slice_is(message, "drop me")) {
        struct ws *ws = socket->ws;
        socket->ws = NULL;
        ws_close_now(ws);
    }
}

static void on_bad(void *owner, const char *why)
{
    struct echo_socket *socket = owner;
    socket->server->bads++;
    snprintf(socket->server->last_bad, sizeof socket->server->last_bad, "%s", why);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct echo_socket *socket = owner;
    assert_non_null(why);
    socket->ws = NULL;
    socket->server->closed++;
    socket->server->closed_err = err;
    socket->server->closed_code = code;
}

static const struct ws_listener listener = {
    .on_text = on_text, .on_bad = on_bad, .on_closed = on_closed};

static void on_socket(void *owner, struct ws *ws, const struct http_request *request)
{
    struct echo_server *echo = owner;
    assert_true(slice_starts(request->path, "/socket"));
    assert_true(echo->socket_count < MOST_SOCKETS);
    struct echo_socket *socket = &echo->sockets[echo->socket_count++];
    *socket = (struct echo_socket){.server = echo, .ws = ws};
    ws_set_listener(ws, &listener, socket);
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    (void)owner;
    if (slice_is(request->path, "/forbidden"))
        return 403;
    return slice_starts(request->path, "/socket") ? 101 : 404;
}

static void on_refused(
    void *owner, struct exchange *exchange, int status, const struct http_request *request)
{
    (void)owner;
    struct slice words = slice_is(request->path, "/forbidden") ? SLICE("{\"error\":\"not you\"}")
                                                               : (struct slice){"", 0};
    exchange_answer(exchange, status, "application/json", words);
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct echo_server *echo = owner;
    echo->requests++;
    slice_copy(request->method, echo->method, sizeof echo->method);
    slice_copy(request->path, echo->path, sizeof echo->path);
    slice_copy(request->query, echo->query, sizeof echo->query);
    slice_copy(request->body, echo->body, sizeof echo->body);
    slice_copy(request->content_type, echo->type, sizeof echo->type);
    echo->body_len = request->body.len;
    assert_true(slice_is(request->peer, "127.0.0.1"));
    if (slice_is(request->path, "/hold")) {
        echo->held = exchange;
    } else if (slice_is(request->path, "/stream")) {
        echo->held = exchange;
        exchange_begin(exchange, 200, "text/event-stream");
    } else if (slice_is(request->path, "/echo")) {
        exchange_set_header(exchange, "Retry-After", "3");
        exchange_answer(exchange, 200, "text/plain", request->body);
    } else {
        exchange_answer(exchange, 404, NULL, (struct slice){0});
    }
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    struct echo_server *echo = owner;
    assert_ptr_equal(exchange, echo->held);
    echo->held = NULL;
    echo->cancelled++;
}

static const struct server_handlers handlers = {.on_request = on_request,
    .on_cancelled = on_cancelled,
    .on_upgrade = on_upgrade,
    .on_refused = on_refused,
    .on_socket = on_socket};

void echo_start(struct echo_server *echo, struct story *story, const struct server_options *options)
{
    char why[200] = "";
    *echo = (struct echo_server){.is_echoing = true};
    enum err err = server_start(&echo->server, story->loop, options, &handlers, echo, why);
    assert_int_equal(err, ERR_OK);
    assert_string_equal(why, "");
}

int echo_port(const struct echo_server *echo)
{
    return server_port(echo->server);
}
