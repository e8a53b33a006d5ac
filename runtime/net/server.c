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

#define ACCEPTS_A_TURN 8 /* a burst of callers leaves room for those who talk */
#define BACKLOG 1024

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

static bool accept_one(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int fd = accept4(server->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            log_error("net.accept", "error=%s", strerror(errno));
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
    ws->max_messages_per_second = server->options.max_messages_per_second;
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
    struct ws *ws = ws_accept(server->loop, fd, connection->request.ws_key,
        server->options.max_message_bytes, server->options.max_queue_bytes);
    if (!ws) {
        server_one_gone(server);
        return;
    }
    keep_socket(server, ws);
    ws_enter(ws);
    server->handlers.on_socket(server->owner, ws, &request);
    if (ws_leave(ws))
        ws_flow(ws);
}

static int listen_on(const struct sockaddr_storage *address, bool is_shared)
{
    int on = 1;
    socklen_t len =
        address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        (is_shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
        bind(fd, (const struct sockaddr *)address, len) || listen(fd, BACKLOG)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len))
        return 0;
    return ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                              : ((struct sockaddr_in6 *)&address)->sin6_port);
}

static enum err open_listener(struct server *server, const char *where, char why[200])
{
    char host[HOST_SIZE];
    int port;
    struct sockaddr_storage address;
    if (address_split(where, host, &port) || address_parse(&address, host, port)) {
        snprintf(why, 200, "cannot listen on %.100s: not a numeric address and port", where);
        return ERR_SYSTEM;
    }
    server->fd = listen_on(&address, server->options.is_shared);
    if (server->fd < 0) {
        snprintf(why, 200, "cannot listen on %.100s: %s", where,
            errno == EADDRINUSE ? "the port is in use" : strerror(errno));
        return ERR_SYSTEM;
    }
    server->port = bound_port(server->fd);
    return ERR_OK;
}

static void free_server(uv_handle_t *handle)
{
    struct server *server = handle->data;
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
    uv_close((uv_handle_t *)&server->poll, free_server);
    close(server->fd);
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
    enum err err = open_listener(server, options->listen, why);
    if (err) {
        free(server);
        return err;
    }
    uv_poll_init(&loop->uv, &server->poll, server->fd);
    server->poll.data = server;
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

void server_stop_accepting(struct server *server)
{
    server->is_accepting = false;
    watch(server);
}

void server_destroy(struct server *server)
{
    if (server)
        close_server(&server->object);
}
