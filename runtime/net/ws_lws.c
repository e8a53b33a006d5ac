/* What libwebsockets carries: the sockets of clients. It calls back when it may be written to. */
#include <string.h>

#include "net/ws_internal.h"

#define WRITES_A_TURN 16 /* a long queue leaves room for others */

/* Inside one of its callbacks libwebsockets closes what answers −1; outside it must be told, and the
   shutdown makes sure that even a peer who reads nothing cannot hold the connection. */
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

static void want_write(struct ws *ws)
{
    if (ws->wsi)
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

/* Stops when the kernel takes no more: libwebsockets then holds the rest of that one message. */
int ws_writable(struct ws *ws)
{
    if (ws->state != WS_OPEN && ws->state != WS_FLUSHING)
        return 0;
    for (int i = 0; i < WRITES_A_TURN && ws->queue.first; i++) {
        struct ws_slot *slot = ws_queue_pop(&ws->queue);
        int written = lws_write(ws->wsi, ws_slot_text(slot), slot->len, LWS_WRITE_TEXT);
        ws_queue_give_back(&ws->queue, slot);
        if (written < 0)
            return -1;
        if (lws_partial_buffered(ws->wsi))
            break;
    }
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
