/* From a checked upgrade request to a WebSocket. The request was read and judged by our own parser
   (request.h); libwebsockets gets the socket with a head that we write, so that nothing a stranger sent
   reaches its lax HTTP code, h2c upgrades and extension offers included. */
#include <stdio.h>
#include <unistd.h>

#include "net/ws_internal.h"

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
    if (ws->state == WS_OPEN)
        return ws;
    ws_drop(ws);
    return NULL;
}
