/* From a checked upgrade request to a WebSocket. The request was read and judged by our own parser
   (request.h); libwebsockets gets the socket with a head that we write, so that nothing a stranger sent
   reaches its lax HTTP code, h2c upgrades and extension offers included. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ws_internal.h"

/* A client must mask its frames (RFC 6455, 5.1) and libwebsockets does not look. We do, at the first
   frame: until its first bytes have come, they are watched on a second descriptor. */
struct ws_look {
    uv_poll_t poll;
    struct ws *ws;
    int fd;
};

static void free_look(uv_handle_t *handle)
{
    free(handle->data);
}

void ws_look_end(struct ws *ws)
{
    struct ws_look *look = ws->look;
    if (!look)
        return;
    ws->look = NULL;
    uv_close((uv_handle_t *)&look->poll, free_look);
    close(look->fd);
}

static void first_bytes(uv_poll_t *poll, int status, int events)
{
    struct ws_look *look = poll->data;
    struct ws *ws = look->ws;
    unsigned char head[2];
    ssize_t got = status < 0 ? -1 : recv(look->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    (void)events;
    int one = 1;
    setsockopt(look->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    ws_look_end(ws);
    if (got == sizeof head && !(head[1] & 0x80))
        ws_reject(ws, LWS_CLOSE_STATUS_PROTOCOL_ERR, "unmasked frame");
    ws_flow(ws);
}

static enum err look_at_first_frame(struct ws *ws, int fd)
{
    struct ws_look *look = calloc(1, sizeof *look);
    int two = 2;
    if (!look)
        return ERR_NOMEM;
    look->ws = ws;
    look->poll.data = look;
    look->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (look->fd < 0 || uv_poll_init(&ws->loop->uv, &look->poll, look->fd)) {
        if (look->fd >= 0)
            close(look->fd);
        free(look);
        return ERR_SYSTEM;
    }
    setsockopt(
        look->fd, SOL_SOCKET, SO_RCVLOWAT, &two, sizeof two); /* no wake-ups for half a head */
    uv_poll_start(&look->poll, UV_READABLE, first_bytes);
    ws->look = look;
    return ERR_OK;
}

struct ws *ws_accept(struct net_loop *loop, int fd, struct slice key, size_t max_message_bytes,
    size_t max_queue_bytes)
{
    struct ws *ws = ws_make(loop, max_message_bytes, max_queue_bytes);
    if (!ws) {
        close(fd);
        return NULL;
    }
    char head[256];
    int len = snprintf(head, sizeof head,
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %.*s\r\n\r\n",
        (int)key.len, key.data);
    loop->adopting = ws;
    lws_adopt_socket_vhost_readbuf(loop->vhost, fd, head, (size_t)len);
    loop->adopting = NULL;
    if (ws->state == WS_OPEN && !look_at_first_frame(ws, fd))
        return ws;
    ws_drop(ws);
    return NULL;
}
