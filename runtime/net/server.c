#include "net/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/server_internal.h"
#include "net/ws_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define ACCEPTS_A_TURN 8 /* a burst of callers leaves room for those who talk */
#define BREATH_MS 100    /* when descriptors ran out */

static void on_connectable(uv_poll_t *poll, int status, int events);

/* Listens while there is room; further callers wait in the kernel's backlog. */
static void watch(struct server *server)
{
    bool wants = server->is_accepting && server->count < server->options.max_connections;
    if (wants == server->is_polling)
        return;
    server->is_polling = wants;
    if (wants)
        uv_poll_start(&server->poll, UV_READABLE, on_connectable);
    else
        uv_poll_stop(&server->poll);
}

void server_one_gone(struct server *server)
{
    server->count--;
    watch(server);
}

static void breath_over(uv_timer_t *timer)
{
    watch(timer->data);
}

/* A listener that cannot accept stays ready: the loop would spin. Callers wait in the backlog. */
static void take_breath(struct server *server, int error)
{
    uint64_t now_ms = uv_now(&server->loop->uv);
    if (!server->spent_ms || now_ms - server->spent_ms > 1000) {
        server->spent_ms = now_ms;
        log_error("net.accept", "error=%s connections=%u", strerror(error), server->count);
    }
    metric_add(METRIC_ACCEPTS_POSTPONED, 1);
    server->is_polling = false;
    uv_poll_stop(&server->poll);
    uv_timer_start(&server->breath, breath_over, BREATH_MS, 0);
}

static bool accept_one(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int fd = accept4(server->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        bool is_spent = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (is_spent)
            take_breath(server, errno);
        return errno == ECONNABORTED || errno == EINTR;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    server->count++;
    connection_open(server, fd, (struct sockaddr *)&peer);
    return true;
}

static void on_connectable(uv_poll_t *poll, int status, int events)
{
    struct server *server = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN && server->is_polling; i++) {
        if (!accept_one(server))
            break;
        watch(server);
    }
}

static void socket_gone(void *owner, struct ws *ws)
{
    struct server *server = owner;
    *ws->server_link = ws->server_next;
    if (ws->server_next)
        ws->server_next->server_link = ws->server_link;
    ws->on_gone = NULL;
    server_one_gone(server);
}

static void keep_socket(struct server *server, struct ws *ws)
{
    ws->server = server;
    ws->on_gone = socket_gone;
    ws->server_link = &server->sockets;
    ws->server_next = server->sockets;
    if (ws->server_next)
        ws->server_next->server_link = &ws->server_next;
    server->sockets = ws;
}

/* The connection's memory lives until its handles are closed, in a later turn: the request may be read
   from it in on_socket. */
void server_adopt(struct server *server, struct connection *connection)
{
    struct http_request request;
    connection_describe(connection, &request);
    int fd = connection_release(connection);
    const struct ws_accept_options options = {
        .max_message_bytes = server->options.max_message_bytes,
        .max_queue_bytes = server->options.max_queue_bytes,
        .max_frames_per_second = server->options.max_messages_per_second,
    };
    struct ws *ws = ws_accept(server->hub, fd, connection->request.ws_key, &options);
    if (!ws) {
        server_one_gone(server);
        return;
    }
    keep_socket(server, ws);
    ws_enter(ws);
    server->handlers.on_socket(server->owner, ws, &request);
    ws_leave(ws);
}

static void handle_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;
    if (--server->open_handles == 0)
        free(server);
}

static void close_server(struct net_object *object)
{
    struct server *server = (struct server *)object;
    net_object_remove(object);
    server->is_accepting = false;
    while (server->connections)
        connection_close(server->connections);
    while (server->sockets)
        ws_finish(server->sockets, ERR_CLOSED, 0, "server stopped");
    ws_hub_destroy(server->hub);
    uv_close((uv_handle_t *)&server->poll, handle_closed);
    uv_close((uv_handle_t *)&server->breath, handle_closed);
    listen_close(server->fd, server->port);
}

enum err server_start(struct server **out, struct net_loop *loop,
    const struct server_options *options, const struct server_handlers *handlers, void *owner,
    char why[200])
{
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        snprintf(why, 200, "out of memory");
        return ERR_NOMEM;
    }
    server->loop = loop;
    server->options = *options;
    server->options.listen = NULL;
    server->handlers = *handlers;
    server->owner = owner;
    server->fd = listen_open(options->listen, options->is_shared, &server->port, why);
    if (server->fd < 0) {
        free(server);
        return ERR_SYSTEM;
    }
    if (ws_hub_create(&server->hub, loop)) {
        snprintf(why, 200, "out of memory");
        listen_close(server->fd, server->port);
        free(server);
        return ERR_NOMEM;
    }
    uv_poll_init(&loop->uv, &server->poll, server->fd);
    server->poll.data = server;
    uv_timer_init(&loop->uv, &server->breath);
    server->breath.data = server;
    server->open_handles = 2;
    net_object_add(loop, &server->object, "server", close_server);
    server->is_accepting = true;
    watch(server);
    *out = server;
    return ERR_OK;
}

int server_port(const struct server *server)
{
    return server->port;
}

void server_destroy(struct server *server)
{
    if (server)
        close_server(&server->object);
}
