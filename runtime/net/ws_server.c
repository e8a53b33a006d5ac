/* Accepted sockets, carried by ourselves: one recv a ready turn into a buffer that all share, frames read
   where they lie, and everything a turn wants to send in one sendmsg before the loop waits again.

       epoll ─► recv ─► ws_frames ─► ws_received            ws_send ─► queue ─► unsent list ─► sendmsg
                            └─► pong, close ─► queue                     (EAGAIN: when writable again) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto.h"
#include "net/ws_wire.h"
#include "observe/metrics.h"

#define SKIPS_AT_MOST 16u /* times the limit: how much of a message too large is read past */

/* ---- receiving ---- */

static void fail(struct ws_wire *wire, int code, const char *why)
{
    ws_wire_send_owed(wire);
    wire->frames.is_over = true;
    metric_add(METRIC_SOCKETS_REJECTED, 1);
    ws_reject(wire->ws, code, why);
}

static bool is_flood(struct ws_wire *wire)
{
    uint64_t now_ms = uv_now(&wire->hub->loop->uv);
    if (!wire->max_frames_per_second)
        return false;
    if (now_ms - wire->window_start_ms >= 1000) {
        wire->window_start_ms = now_ms;
        wire->window_count = 0;
    }
    return ++wire->window_count > wire->max_frames_per_second;
}

static void take_data(struct ws_wire *wire, const struct ws_part *part)
{
    struct ws *ws = wire->ws;
    wire->message_bytes = part->is_first ? part->bytes.len : wire->message_bytes + part->bytes.len;
    if (wire->message_bytes > (uint64_t)ws->max_message_bytes * SKIPS_AT_MOST)
        fail(wire, WS_CLOSE_TOO_LARGE, "message too large");
    else
        ws_received(ws, part->bytes, part->is_last, part->is_binary);
}

static void take_ping(struct ws_wire *wire, struct slice payload)
{
    struct ws *ws = wire->ws;
    if (wire->is_close_queued)
        return;
    ws_wire_send_owed(wire); /* a pong that waits for the kernel may be replaced, no other */
    if (ws_queue_push_control(&ws->queue, WS_PONG, payload))
        wire->is_broken = true;
    ws_wire_want_write(ws);
}

/* Their close frame is answered with its own code; to ours it is the answer. */
static void take_close(struct ws_wire *wire, int code)
{
    struct ws *ws = wire->ws;
    if (ws->state == WS_CLOSING) {
        ws_connection_gone(ws);
        return;
    }
    ws_wire_send_owed(wire);
    ws_queue_clear(&ws->queue);
    if (ws->state == WS_OPEN) {
        ws->end_code = code;
        ws_begin_close(ws, ERR_OK, "closed by the other side");
    } else {
        ws->state = WS_CLOSING;
    }
    ws_wire_queue_close(wire, code, (struct slice){"", 0});
    ws_wire_want_write(ws);
}

static void take(struct ws_wire *wire, enum ws_found found, const struct ws_part *part)
{
    switch (found) {
    case WS_FOUND_NOTHING:
    case WS_FOUND_PONG:
        break;
    case WS_FOUND_FRAME:
        if (is_flood(wire))
            fail(wire, WS_CLOSE_POLICY, "too many messages");
        break;
    case WS_FOUND_DATA:
        take_data(wire, part);
        break;
    case WS_FOUND_PING:
        take_ping(wire, part->bytes);
        break;
    case WS_FOUND_CLOSE:
        take_close(wire, part->code);
        break;
    case WS_FOUND_BAD:
        fail(wire, part->code, part->why);
        break;
    }
}

static void work_off(struct ws_wire *wire, unsigned char *data, size_t len)
{
    enum ws_found found;
    do {
        size_t used;
        struct ws_part part = {0};
        found = ws_frames_take(&wire->frames, data, len, &used, &part);
        data += used;
        len -= used;
        take(wire, found, &part);
    } while (found != WS_FOUND_NOTHING && wire->ws);
}

static void receive(struct ws_wire *wire)
{
    struct ws_hub *hub = wire->hub;
    ssize_t got = recv(wire->fd, hub->buffer, sizeof hub->buffer, 0);
    if (got > 0)
        work_off(wire, hub->buffer, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        ws_connection_gone(wire->ws);
}

void ws_wire_ready(uv_poll_t *poll, int status, int events)
{
    struct ws_wire *wire = poll->data;
    struct ws *ws = wire->ws;
    ws_enter(ws);
    if (events & UV_WRITABLE)
        wire->is_blocked = false;
    if (status < 0)
        ws_connection_gone(ws);
    else if (events & UV_READABLE)
        receive(wire);
    if (wire->ws && !wire->is_blocked)
        ws_wire_flush(wire);
    if (wire->ws)
        ws_wire_settle(wire);
    ws_leave(ws);
}

/* ---- life ---- */

void ws_wire_listen(struct ws_wire *wire)
{
    ws_wire_watch(wire);
}

static void free_wire(uv_handle_t *handle)
{
    free(handle->data);
}

static void let_go(struct ws *ws)
{
    struct ws_wire *wire = ws->wire;
    if (!wire)
        return;
    ws->wire = NULL;
    wire->ws = NULL;
    ws_wire_leave_unsent(wire);
    uv_close((uv_handle_t *)&wire->poll, free_wire);
    close(wire->fd);
}

const struct ws_transport ws_wire_transport = {.want_write = ws_wire_want_write,
    .write_now = ws_wire_write_now,
    .let_go = let_go,
    .checks_text = true};

/* A new socket has room for this much: what does not go out whole fails. */
static bool answer_101(int fd, struct slice key)
{
    char text[128], accept[BASE64_SIZE(SHA1_BYTES)], head[256];
    uint8_t digest[SHA1_BYTES];
    snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)key.len, key.data);
    crypto_sha1(slice_from(text), digest);
    base64_encode(digest, sizeof digest, accept);
    int len = snprintf(head, sizeof head,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n",
        accept);
    return send(fd, head, (size_t)len, MSG_NOSIGNAL) == len;
}

static struct ws_wire *make_wire(struct ws_hub *hub, int fd, unsigned max_frames_per_second)
{
    struct ws_wire *wire = calloc(1, sizeof *wire);
    if (!wire || uv_poll_init(&hub->loop->uv, &wire->poll, fd)) {
        free(wire);
        return NULL;
    }
    wire->poll.data = wire;
    wire->hub = hub;
    wire->fd = fd;
    wire->max_frames_per_second = max_frames_per_second;
    ws_frames_init(&wire->frames, true);
    return wire;
}

struct ws *ws_accept(
    struct ws_hub *hub, int fd, struct slice key, const struct ws_accept_options *options)
{
    struct ws *ws = ws_make(
        hub->loop, &ws_wire_transport, options->max_message_bytes, options->max_queue_bytes);
    struct ws_wire *wire =
        ws && answer_101(fd, key) ? make_wire(hub, fd, options->max_frames_per_second) : NULL;
    if (!wire) {
        if (ws)
            ws_drop(ws);
        close(fd);
        return NULL;
    }
    ws->wire = wire;
    wire->ws = ws;
    ws_opened(ws);
    return ws;
}

static void free_hub(uv_handle_t *handle)
{
    free(handle->data);
}

enum err ws_hub_create(struct ws_hub **out, struct net_loop *loop)
{
    struct ws_hub *hub = malloc(sizeof *hub);
    if (!hub)
        return ERR_NOMEM;
    hub->loop = loop;
    hub->unsent = NULL;
    uv_prepare_init(&loop->uv, &hub->prepare);
    hub->prepare.data = hub;
    uv_prepare_start(&hub->prepare, ws_hub_send_unsent);
    uv_unref((uv_handle_t *)&hub->prepare);
    *out = hub;
    return ERR_OK;
}

void ws_hub_destroy(struct ws_hub *hub)
{
    uv_close((uv_handle_t *)&hub->prepare, free_hub);
}
