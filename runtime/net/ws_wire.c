/* The sending half of an accepted socket: frames wait in the queue, and everything a turn wants to send
   leaves in one sendmsg. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/ws_wire.h"

#define PARTS_AT_ONCE 32 /* messages in one sendmsg */

void ws_wire_watch(struct ws_wire *wire)
{
    bool is_heard = wire->ws->listener && !wire->ws->is_held;
    bool has_reader = is_heard || wire->ws->state != WS_OPEN;
    int wanted = (has_reader ? UV_READABLE : 0) | (wire->is_blocked ? UV_WRITABLE : 0);
    if (wanted == wire->watched)
        return;
    wire->watched = wanted;
    if (wanted)
        uv_poll_start(&wire->poll, wanted, ws_wire_ready);
    else
        uv_poll_stop(&wire->poll);
}

void ws_wire_leave_unsent(struct ws_wire *wire)
{
    if (!wire->link)
        return;
    *wire->link = wire->next;
    if (wire->next)
        wire->next->link = wire->link;
    wire->link = NULL;
}

void ws_wire_want_write(struct ws *ws)
{
    struct ws_wire *wire = ws->wire;
    if (wire->link || wire->is_blocked)
        return;
    wire->link = &wire->hub->unsent;
    wire->next = wire->hub->unsent;
    if (wire->next)
        wire->next->link = &wire->next;
    wire->hub->unsent = wire;
}

static size_t gather(struct ws_queue *queue, struct iovec parts[PARTS_AT_ONCE])
{
    size_t count = 0;
    for (struct ws_slot *slot = queue->first; slot && count < PARTS_AT_ONCE; slot = slot->next) {
        struct slice frame = ws_slot_frame(slot);
        parts[count++] = (struct iovec){(char *)frame.data + slot->sent, frame.len - slot->sent};
    }
    return count;
}

/* False when the kernel takes no more for now, or never again. */
static bool send_some(struct ws_wire *wire)
{
    struct ws_queue *queue = &wire->ws->queue;
    struct iovec parts[PARTS_AT_ONCE];
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = gather(queue, parts)};
    size_t wanted = 0;
    for (size_t i = 0; i < message.msg_iovlen; i++)
        wanted += parts[i].iov_len;
    ssize_t sent = message.msg_iovlen == 1 /* nearly always */
                       ? send(wire->fd, parts[0].iov_base, wanted, MSG_NOSIGNAL)
                       : sendmsg(wire->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
        return true;
    wire->is_blocked = sent < 0 ? errno == EAGAIN || errno == EWOULDBLOCK : (size_t)sent < wanted;
    wire->is_broken = sent < 0 && !wire->is_blocked;
    if (sent > 0)
        ws_queue_sent(queue, (size_t)sent);
    return !wire->is_blocked && !wire->is_broken;
}

/* The close frame goes behind what waits. Without memory for it the connection just ends. */
void ws_wire_queue_close(struct ws_wire *wire, int code, struct slice reason)
{
    char payload[WS_CONTROL_MAX_BYTES];
    size_t len = 0;
    wire->is_close_queued = true;
    if (code) {
        payload[0] = (char)(code >> 8);
        payload[1] = (char)code;
        len = reason.len < sizeof payload - 2 ? reason.len : sizeof payload - 2;
        memcpy(payload + 2, reason.data, len);
        len += 2;
    }
    if (ws_queue_push_control(&wire->ws->queue, WS_CLOSE, (struct slice){payload, len}))
        wire->is_broken = true;
}

/* When both have said goodbye, or the other side is not listened to any more, so does TCP; what still
   comes is read away until it ends, so that our last words are not reset away. */
static void close_is_out(struct ws_wire *wire)
{
    struct ws *ws = wire->ws;
    if (ws->state == WS_FLUSHING)
        ws->state = WS_CLOSING; /* the deadline stays that of the close */
    if (wire->frames.is_over)
        shutdown(wire->fd, SHUT_WR);
}

void ws_wire_flush(struct ws_wire *wire)
{
    struct ws *ws = wire->ws;
    ws_wire_leave_unsent(wire);
    if (ws->state == WS_FLUSHING && !wire->is_close_queued)
        ws_wire_queue_close(wire, ws->close_code, slice_from(ws->close_reason));
    bool had_some = ws->queue.first;
    while (ws->queue.first && !wire->is_broken && send_some(wire))
        ;
    if (had_some && !ws->queue.first && wire->is_close_queued)
        close_is_out(wire);
}

void ws_wire_settle(struct ws_wire *wire)
{
    if (wire->is_broken)
        ws_connection_gone(wire->ws);
    else
        ws_wire_watch(wire);
}

void ws_wire_send_owed(struct ws_wire *wire)
{
    if (!wire->is_blocked)
        ws_wire_flush(wire);
}

/* From within the owner's call: a failure waits for the end of the turn. */
void ws_wire_write_now(struct ws *ws)
{
    struct ws_wire *wire = ws->wire;
    if (wire->is_blocked || ws->state != WS_OPEN)
        return;
    ws_wire_flush(wire);
    if (wire->is_broken)
        ws_wire_want_write(ws);
    else
        ws_wire_watch(wire);
}

void ws_hub_send_unsent(uv_prepare_t *prepare)
{
    struct ws_hub *hub = prepare->data;
    while (hub->unsent) {
        struct ws_wire *wire = hub->unsent;
        struct ws *ws = wire->ws;
        ws_enter(ws);
        ws_wire_flush(wire);
        ws_wire_settle(wire);
        ws_leave(ws);
    }
}
