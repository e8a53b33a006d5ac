#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/server_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define READ_BYTES 16384u
#define MAX_OUT_BYTES (64u << 20) /* one answer; streams are bounded by exchange_write */
#define IDLE_MS 30000u            /* a kept connection without a request */
#define LINGER_MS 1000u
#define STALL_MS 30000u /* a client that reads nothing of its answer */

static void handle_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    if (--connection->open_handles)
        return;
    strbuf_free(&connection->in);
    strbuf_free(&connection->head);
    strbuf_free(&connection->body);
    strbuf_free(&connection->out);
    free(connection);
}

static void leave_list(struct connection *connection)
{
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
}

static void close_handles(struct connection *connection)
{
    connection->state = CONNECTION_CLOSED;
    leave_list(connection);
    uv_close((uv_handle_t *)&connection->poll, handle_closed);
    uv_close((uv_handle_t *)&connection->timer, handle_closed);
}

int connection_release(struct connection *connection)
{
    int fd = connection->fd;
    connection->fd = -1;
    uv_poll_stop(&connection->poll);
    close_handles(connection);
    return fd;
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    struct server *server = connection->server;
    close(connection_release(connection));
    server_one_gone(server);
}

/* The client is gone, or fails us. Whoever holds the exchange is told, now or by its next write. */
static void client_left(struct connection *connection)
{
    struct server *server = connection->server;
    bool is_asked = connection->state == CONNECTION_WAITING;
    if (connection->state == CONNECTION_STREAMING) {
        connection->state = CONNECTION_LOST;
        connection->watched = 0;
        uv_poll_stop(&connection->poll);
        uv_timer_stop(&connection->timer);
        return;
    }
    connection_close(connection);
    if (is_asked && server->handlers.on_cancelled)
        server->handlers.on_cancelled(server->owner, &connection->exchange);
}

static bool has_output(const struct connection *connection)
{
    return connection->out_sent < connection->out.len;
}

static void time_out(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    bool is_head_begun = connection->state == CONNECTION_HEAD && connection->in.len;
    if (is_head_begun || connection->state == CONNECTION_BODY)
        connection_refuse(connection, 408);
    else
        client_left(connection);
}

static void arm_timer(struct connection *connection, uint64_t wait_ms)
{
    uv_timer_start(&connection->timer, time_out, wait_ms, 0);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct connection *connection)
{
    int events = UV_DISCONNECT;
    if (connection->in.len < REQUEST_MAX_HEAD)
        events |= UV_READABLE;
    if (has_output(connection) || connection->has_unread)
        events |= UV_WRITABLE;
    if (events == connection->watched)
        return;
    connection->watched = events;
    uv_poll_start(&connection->poll, events, on_ready);
}

/* An answer is out: the next request, which may have been read already, or the end. */
static void answer_sent(struct connection *connection)
{
    if (connection->keep_alive) {
        connection->state = CONNECTION_HEAD;
        connection->has_unread = connection->in.len > 0;
        unsigned request_ms = connection->server->options.request_timeout_ms;
        arm_timer(connection, connection->has_unread ? request_ms : IDLE_MS);
        return;
    }
    connection->state = CONNECTION_LINGERING;
    shutdown(connection->fd, SHUT_WR);
    arm_timer(connection, LINGER_MS);
}

static void flush(struct connection *connection)
{
    struct strbuf *out = &connection->out;
    while (has_output(connection)) {
        ssize_t sent = send(connection->fd, out->data + connection->out_sent,
            out->len - connection->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (sent < 0) {
            strbuf_clear(out);
            connection->out_sent = 0;
            client_left(connection);
            return;
        }
        connection->out_sent += (size_t)sent;
        if (connection->state == CONNECTION_FLUSHING || connection->state == CONNECTION_STREAMING)
            arm_timer(connection, STALL_MS);
    }
    strbuf_clear(out);
    connection->out_sent = 0;
    uv_timer_stop(&connection->timer);
    if (connection->state == CONNECTION_FLUSHING)
        answer_sent(connection);
}

void connection_send(struct connection *connection, bool is_last)
{
    if (connection->out_sent) {
        strbuf_drop_front(&connection->out, connection->out_sent);
        connection->out_sent = 0;
    }
    if (is_last)
        connection->state = CONNECTION_FLUSHING;
    if (connection->out.failed) { /* no memory: whoever streams still owes exchange_end */
        client_left(connection);
        return;
    }
    arm_timer(connection, STALL_MS);
    flush(connection);
    if (connection->state != CONNECTION_CLOSED && connection->state != CONNECTION_LOST)
        watch(connection);
}

void connection_refuse(struct connection *connection, int status)
{
    connection->keep_alive = false;
    connection->exchange.is_head = false;
    connection->exchange.header_count = 0;
    if (status == 426)
        exchange_set_header(&connection->exchange, "Sec-WebSocket-Version", "13");
    metric_add(METRIC_REQUESTS_REFUSED, 1);
    exchange_answer(&connection->exchange, status, NULL, (struct slice){0});
}

void connection_describe(const struct connection *connection, struct http_request *out)
{
    const struct request *request = &connection->request;
    *out = (struct http_request){
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .content_type = request->content_type,
        .signature = request->signature,
        .authorization = request->authorization,
        .api_key = request->api_key,
        .elsewhere = request->elsewhere,
        .body = strbuf_slice(&connection->body),
        .peer = slice_from(connection->peer),
    };
}

static void ask(struct connection *connection)
{
    struct server *server = connection->server;
    const struct request *request = &connection->request;
    connection->state = CONNECTION_WAITING;
    connection->keep_alive = !request->wants_close && !request->is_1_0;
    uv_timer_stop(&connection->timer);
    struct http_request description;
    connection_describe(connection, &description);
    if (log_shows(LOG_FLAG_WS))
        log_shown("http.asked", "method=%.*s path=%.*s bytes=%zu", (int)description.method.len,
            description.method.data, (int)description.path.len, description.path.data,
            description.body.len);
    server->handlers.on_request(server->owner, &connection->exchange, &description);
}

/* 1: the body is whole; 0: need more; < 0: status, negated. */
static int take_body(struct connection *connection)
{
    struct slice rest = strbuf_slice(&connection->in);
    size_t used = 0;
    int result;
    if (connection->request.is_chunked) {
        result = chunked_take(&connection->chunked, &connection->body, rest, &used);
    } else {
        uint64_t missing = connection->request.content_length - connection->body.len;
        used = rest.len < missing ? rest.len : (size_t)missing;
        strbuf_add(&connection->body, rest.data, used);
        result = connection->body.failed ? -413 : used == missing;
    }
    strbuf_drop_front(&connection->in, used);
    return result;
}

static void read_body(struct connection *connection)
{
    int result = take_body(connection);
    if (result < 0)
        connection_refuse(connection, -result);
    else if (result > 0)
        ask(connection);
}

/* A sound handshake that the handlers do not want: they may say why in their own words. */
static void refuse_upgrade(
    struct connection *connection, int status, const struct http_request *request)
{
    struct server *server = connection->server;
    connection->keep_alive = false;
    connection->state = CONNECTION_WAITING;
    if (server->handlers.on_refused)
        server->handlers.on_refused(server->owner, &connection->exchange, status, request);
    else
        connection_refuse(connection, status);
}

static void upgrade(struct connection *connection)
{
    struct server *server = connection->server;
    int status = request_check_upgrade(&connection->request);
    if (status == 101 && connection->in.len)
        status = 400; /* a client waits for the 101 before it speaks */
    if (status != 101) {
        connection_refuse(connection, status);
        return;
    }
    struct http_request description;
    connection_describe(connection, &description);
    status = server->handlers.on_upgrade ? server->handlers.on_upgrade(server->owner, &description)
                                         : 404;
    if (status == 101)
        server_adopt(server, connection);
    else
        refuse_upgrade(connection, status, &description);
}

static void begin_body(struct connection *connection)
{
    const struct request *request = &connection->request;
    if (request->content_length > connection->server->options.max_body_bytes) {
        connection_refuse(connection, 413);
        return;
    }
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    bool has_body = request->is_chunked || request->content_length;
    if (request->expects_continue && has_body && !connection->in.len &&
        send(connection->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) < 0) {
        client_left(connection);
        return;
    }
    connection->state = CONNECTION_BODY;
    connection->chunked = (struct chunked){0};
    strbuf_clear(&connection->body);
    read_body(connection);
}

static void read_head(struct connection *connection)
{
    int used = request_parse(&connection->request, connection->in.data, connection->in.len);
    if (!used)
        return;
    connection->exchange = (struct exchange){.connection = connection};
    if (used < 0) {
        connection_refuse(connection, -used);
        return;
    }
    strbuf_clear(&connection->head);
    strbuf_add(&connection->head, connection->in.data, (size_t)used);
    strbuf_drop_front(&connection->in, (size_t)used);
    if (connection->head.failed) {
        connection_close(connection);
        return;
    }
    request_parse(&connection->request, connection->head.data, connection->head.len);
    connection->exchange.is_head = slice_is(connection->request.method, "HEAD");
    connection->exchange.is_1_0 = connection->request.is_1_0;
    if (connection->request.upgrade.data)
        upgrade(connection);
    else
        begin_body(connection);
}

/* Works off what was read, until an answer is awaited or more is needed. */
static void process(struct connection *connection)
{
    size_t before = connection->in.len + 1;
    connection->has_unread = false;
    while (connection->in.len && connection->in.len < before) {
        before = connection->in.len;
        if (connection->state == CONNECTION_HEAD)
            read_head(connection);
        else if (connection->state == CONNECTION_BODY)
            read_body(connection);
    }
}

static void read_some(struct connection *connection)
{
    char buffer[READ_BYTES];
    ssize_t got = recv(connection->fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (got <= 0) {
        client_left(connection);
        return;
    }
    if (connection->state == CONNECTION_LINGERING)
        return;
    if (connection->state == CONNECTION_HEAD && !connection->in.len)
        arm_timer(connection, connection->server->options.request_timeout_ms);
    strbuf_add(&connection->in, buffer, (size_t)got);
    if (connection->in.failed)
        client_left(connection);
}

static bool is_over(const struct connection *connection)
{
    return connection->state == CONNECTION_CLOSED || connection->state == CONNECTION_LOST;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct connection *connection = poll->data;
    bool is_full = connection->in.len >= REQUEST_MAX_HEAD;
    if (status < 0 || (is_full && (events & UV_DISCONNECT)))
        client_left(connection);
    if (!is_over(connection) && (events & UV_WRITABLE) && has_output(connection))
        flush(connection);
    if (!is_over(connection) && (events & (UV_READABLE | UV_DISCONNECT)))
        read_some(connection);
    if (!is_over(connection))
        process(connection);
    if (!is_over(connection))
        watch(connection);
}

static void set_peer(struct connection *connection, const struct sockaddr *peer)
{
    address_text(peer, connection->peer);
    static const char mapped[] = "::ffff:";
    if (!strncmp(connection->peer, mapped, sizeof mapped - 1))
        memmove(connection->peer, connection->peer + sizeof mapped - 1,
            strlen(connection->peer) - (sizeof mapped - 1) + 1);
}

void connection_open(struct server *server, int fd, const struct sockaddr *peer)
{
    struct connection *connection = calloc(1, sizeof *connection);
    uv_loop_t *uv = &server->loop->uv;
    if (!connection || uv_poll_init(uv, &connection->poll, fd)) {
        free(connection);
        close(fd);
        server_one_gone(server);
        return;
    }
    uv_timer_init(uv, &connection->timer);
    connection->poll.data = connection;
    connection->timer.data = connection;
    connection->open_handles = 2;
    connection->server = server;
    connection->fd = fd;
    set_peer(connection, peer);
    strbuf_init(&connection->in, REQUEST_MAX_HEAD + READ_BYTES);
    strbuf_init(&connection->head, REQUEST_MAX_HEAD);
    strbuf_init(&connection->body, server->options.max_body_bytes);
    strbuf_init(&connection->out, MAX_OUT_BYTES);
    connection->exchange.connection = connection;
    connection->link = &server->connections;
    connection->next = server->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    server->connections = connection;
    arm_timer(connection, server->options.request_timeout_ms);
    watch(connection);
}
