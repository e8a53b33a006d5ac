/* What libwebsockets carries: the sockets of clients. It calls back when it may be written to. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "net/ws_internal.h"

#define WRITES_A_TURN 16 /* a long queue leaves room for others */

/* ---- frames ---- */

/* Frames are ours, not libwebsockets': it masks byte by byte and reads each mask from the kernel. */
static void draw_mask(struct net_loop *loop, unsigned char mask[4])
{
    if (loop->masks_left == 0) {
        crypto_random(loop->masks, sizeof loop->masks);
        loop->masks_left = sizeof loop->masks / 4;
    }
    memcpy(mask, loop->masks + 4 * --loop->masks_left, 4);
}

/* False: the connection is broken. What the kernel does not take libwebsockets keeps, and sends first. */
static bool write_frame(struct ws *ws, struct ws_slot *slot)
{
    unsigned char mask[4], head[WS_HEAD_MAX_BYTES];
    unsigned char *text = ws_slot_text(slot);
    draw_mask(ws->loop, mask);
    size_t head_len = ws_frame_head(head, WS_TEXT, slot->len, mask);
    memcpy(text - head_len, head, head_len);
    ws_frame_mask(text, slot->len, mask, 0);
    /* As it is: what this kind of write means on a connection that is past its upgrade. */
    return lws_write(ws->wsi, text - head_len, head_len + slot->len, LWS_WRITE_HTTP) >= 0;
}

/* Stops when the kernel takes no more: libwebsockets then holds the rest of that one message. */
static bool write_some(struct ws *ws)
{
    bool is_good = true;
    for (int i = 0; is_good && i < WRITES_A_TURN && ws->queue.first; i++) {
        if (lws_partial_buffered(ws->wsi))
            break;
        struct ws_slot *slot = ws_queue_pop(&ws->queue);
        is_good = write_frame(ws, slot);
        ws_queue_give_back(&ws->queue, slot);
    }
    return is_good;
}

/* ---- life ---- */

/* Inside one of its callbacks libwebsockets closes what answers −1; outside it must be told. The rest of a frame that it
   holds goes out first, or is given up after 5 s: nobody owns the connection by then. */
void ws_let_go(struct ws *ws)
{
    struct lws *wsi = ws->wsi;
    if (!wsi)
        return;
    ws->wsi = NULL;
    lws_set_opaque_user_data(wsi, NULL);
    if (ws->depth > 0)
        return;
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    lws_glue_kick(ws->loop);
}

/* Who sends is not told in the middle of it. */
static void end_soon(struct ws *ws)
{
    ws->end_err = ERR_CLOSED;
    snprintf(ws->end_why, sizeof ws->end_why, "connection lost");
    net_timer_set(ws->deadline, clock_ms());
}

/* At once where nothing waits in the kernel: asking for writability costs two system calls and a wake-up. Inside one of
   its callbacks libwebsockets is asked all the same. */
static void want_write(struct ws *ws)
{
    if (!ws->wsi)
        return;
    bool may_write = ws->state == WS_OPEN && ws->depth == 0 && !lws_partial_buffered(ws->wsi);
    if (may_write && !write_some(ws))
        end_soon(ws);
    else if (!may_write || ws->queue.first)
        lws_callback_on_writable(ws->wsi);
}

/* With a reason prepared, this makes libwebsockets send the close frame and wait for its echo. (The
   usual answer −1 from the writable callback ends the connection without one: on libuv this version
   closes twice, and the second time for good.) */
static void send_close(struct ws *ws)
{
    lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code,
        (unsigned char *)ws->close_reason, strlen(ws->close_reason));
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    ws_begin_close(ws, ws->end_err, ws->end_why);
}

int ws_writable(struct ws *ws)
{
    if (ws->state != WS_OPEN && ws->state != WS_FLUSHING)
        return 0;
    if (!write_some(ws))
        return -1;
    if (ws->queue.first || lws_partial_buffered(ws->wsi))
        lws_callback_on_writable(ws->wsi);
    else if (ws->state == WS_FLUSHING)
        send_close(ws);
    return 0;
}

void ws_peer_closes(struct ws *ws, struct slice payload)
{
    const unsigned char *bytes = (const unsigned char *)payload.data;
    if (ws->state == WS_CLOSING || ws->end_err)
        return;
    ws->end_code = payload.len >= 2 ? bytes[0] << 8 | bytes[1] : 0;
    ws_begin_close(ws, ERR_OK, "closed by the other side");
}

const struct ws_transport ws_lws_transport = {.want_write = want_write, .let_go = ws_let_go};
