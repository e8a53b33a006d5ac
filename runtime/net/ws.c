#include "net/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/ws_internal.h"

#define CLOSE_WITHIN_MS 2000u
#define WRITES_A_TURN 16 /* a long queue leaves room for others */

static void close_object(struct net_object *object)
{
    ws_drop((struct ws *)object);
}

static void deadline_passed(void *owner)
{
    struct ws *ws = owner;
    if (ws->state == WS_CONNECTING)
        ws_finish(ws, ERR_TIMEOUT, 0, "no connection in time");
    else if (ws->state == WS_FLUSHING && !ws->client)
        ws_finish(ws, ERR_TIMEOUT, 0, "the other side does not read");
    else
        ws_finish(ws, ws->end_err, ws->end_code, ws->end_why);
}

struct ws *ws_make(struct net_loop *loop, size_t max_message_bytes, size_t max_queue_bytes)
{
    struct ws *ws = calloc(1, sizeof *ws);
    if (!ws)
        return NULL;
    if (net_timer_create(&ws->deadline, loop, deadline_passed, ws)) {
        free(ws);
        return NULL;
    }
    net_object_own(ws->deadline);
    ws->loop = loop;
    ws->max_message_bytes = max_message_bytes;
    ws_queue_init(&ws->queue, max_queue_bytes);
    strbuf_init(&ws->partial, max_message_bytes);
    net_object_add(loop, &ws->object, "ws", close_object);
    return ws;
}

static void free_ws(struct ws *ws)
{
    ws_queue_free(&ws->queue);
    strbuf_free(&ws->partial);
    free(ws);
}

void ws_enter(struct ws *ws)
{
    ws->depth++;
}

bool ws_leave(struct ws *ws)
{
    bool is_alive = ws->state != WS_DEAD;
    if (--ws->depth == 0 && !is_alive)
        free_ws(ws);
    return is_alive;
}

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

static void detach(struct ws *ws)
{
    ws->state = WS_DEAD;
    ws_let_go(ws);
    net_object_remove(&ws->object);
    net_timer_destroy(ws->deadline);
    ws->deadline = NULL;
    ws_look_end(ws);
    ws_client_free(ws->client);
    ws->client = NULL;
    if (ws->on_gone)
        ws->on_gone(ws->server, ws);
}

void ws_drop(struct ws *ws)
{
    if (ws->state == WS_DEAD)
        return;
    detach(ws);
    if (ws->depth == 0)
        free_ws(ws);
}

void ws_finish(struct ws *ws, enum err err, int code, const char *why)
{
    if (ws->state == WS_DEAD)
        return;
    detach(ws);
    char text[sizeof ws->end_why];
    snprintf(text, sizeof text, "%s", why);
    ws_enter(ws);
    if (ws->listener)
        ws->listener->on_closed(ws->owner, err, code, text);
    ws_leave(ws);
}

void ws_opened(struct ws *ws)
{
    ws->state = WS_OPEN;
    net_timer_clear(ws->deadline);
    ws_client_free(ws->client);
    ws->client = NULL;
    if (ws->queue.first)
        lws_callback_on_writable(ws->wsi);
}

void ws_flow(struct ws *ws)
{
    bool waits = ws->state == WS_OPEN && (ws->look || !ws->listener);
    if (ws->wsi && ws->state != WS_CONNECTING)
        lws_rx_flow_control(ws->wsi, !waits);
}

void ws_set_listener(struct ws *ws, const struct ws_listener *listener, void *owner)
{
    ws->listener = listener;
    ws->owner = owner;
    ws_flow(ws);
}

static bool takes_messages(const struct ws *ws)
{
    return ws->state == WS_CONNECTING || ws->state == WS_OPEN;
}

enum err ws_send(struct ws *ws, struct slice text)
{
    if (!takes_messages(ws))
        return ERR_CLOSED;
    bool was_empty = !ws->queue.first;
    enum err err = ws_queue_push(&ws->queue, text, false);
    if (!err && was_empty && ws->state == WS_OPEN)
        lws_callback_on_writable(ws->wsi);
    return err;
}

int ws_send_audio(struct ws *ws, struct slice text, unsigned max_audio)
{
    if (!takes_messages(ws))
        return -1;
    int dropped = 0;
    if (ws->queue.audio_count >= max_audio)
        dropped = ws_queue_drop_audio(&ws->queue);
    bool was_empty = !ws->queue.first;
    if (max_audio == 0 || ws_queue_push(&ws->queue, text, true))
        return 1; /* the new one is what is dropped: no room at all */
    if (was_empty && ws->state == WS_OPEN)
        lws_callback_on_writable(ws->wsi);
    return dropped;
}

size_t ws_drop_audio(struct ws *ws)
{
    size_t dropped = 0;
    while (ws_queue_drop_audio(&ws->queue))
        dropped++;
    return dropped;
}

size_t ws_queued_bytes(const struct ws *ws)
{
    return ws->queue.bytes;
}

static void close_with(struct ws *ws, enum err err, int code, const char *reason, const char *why)
{
    bool was_open = ws->state == WS_OPEN;
    ws->state = WS_FLUSHING;
    ws->end_err = err;
    ws->end_code = err ? code : 0;
    ws->close_code = code;
    snprintf(ws->close_reason, sizeof ws->close_reason, "%s", reason);
    snprintf(ws->end_why, sizeof ws->end_why, "%s", why);
    net_timer_set(ws->deadline, clock_ms() + (was_open ? CLOSE_WITHIN_MS : 0));
    if (was_open)
        lws_callback_on_writable(ws->wsi);
}

void ws_close(struct ws *ws, int code, const char *reason)
{
    if (takes_messages(ws))
        close_with(ws, ERR_OK, code, reason ? reason : "", "closed by us");
}

void ws_reject(struct ws *ws, int code, const char *why)
{
    if (!takes_messages(ws))
        return;
    ws_queue_clear(&ws->queue);
    close_with(
        ws, code == LWS_CLOSE_STATUS_POLICY_VIOLATION ? ERR_REFUSED : ERR_BAD, code, why, why);
}

void ws_close_now(struct ws *ws)
{
    if (ws)
        ws_drop(ws);
}

static void begin_close(struct ws *ws, enum err err, const char *why)
{
    ws->state = WS_CLOSING;
    ws->end_err = err;
    snprintf(ws->end_why, sizeof ws->end_why, "%s", why);
    net_timer_set(ws->deadline, clock_ms() + CLOSE_WITHIN_MS);
}

/* With a reason prepared, this makes libwebsockets send the close frame and wait for its echo. (The
   usual answer −1 from the writable callback ends the connection without one: on libuv this version
   closes twice, and the second time for good.) */
static void send_close(struct ws *ws)
{
    lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code,
        (unsigned char *)ws->close_reason, strlen(ws->close_reason));
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    char why[sizeof ws->end_why];
    snprintf(why, sizeof why, "%s", ws->end_why);
    begin_close(ws, ws->end_err, why);
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

static int deliver(struct ws *ws, struct slice message)
{
    if (!utf8_is_valid(message.data, message.len)) {
        if (ws->listener && ws->listener->on_bad)
            ws->listener->on_bad(ws->owner, "invalid UTF-8");
    } else if (ws->listener) {
        ws->listener->on_text(ws->owner, message);
    }
    return 0;
}

static void report_bad(struct ws *ws, const char *why)
{
    ws->is_dropping = true;
    strbuf_clear(&ws->partial);
    if (ws->listener && ws->listener->on_bad)
        ws->listener->on_bad(ws->owner, why);
}

static bool is_flood(struct ws *ws)
{
    uint64_t now_ms = uv_now(&ws->loop->uv);
    if (!ws->max_messages_per_second)
        return false;
    if (now_ms - ws->window_start_ms >= 1000) {
        ws->window_start_ms = now_ms;
        ws->window_count = 0;
    }
    return ++ws->window_count > ws->max_messages_per_second;
}

/* One piece of a message: the first of it decides whether it is taken, the last delivers it. A message
   in one piece goes to the listener from libwebsockets' own buffer. */
static void take_piece(struct ws *ws, struct slice piece, bool is_first, bool is_last)
{
    if (ws->is_dropping)
        return;
    if (ws->partial.len + piece.len > ws->max_message_bytes) {
        report_bad(ws, "message too large");
    } else if (is_first && is_last) {
        deliver(ws, piece);
    } else {
        strbuf_add_slice(&ws->partial, piece);
        if (ws->partial.failed)
            report_bad(ws, "no memory for a message");
        else if (is_last)
            deliver(ws, strbuf_slice(&ws->partial));
    }
}

int ws_received(struct ws *ws, const char *data, size_t len, bool is_last, bool is_binary)
{
    if (ws->state != WS_OPEN && ws->state != WS_FLUSHING)
        return 0;
    bool is_first = !ws->in_message;
    ws->in_message = true;
    if (is_first) {
        ws->is_dropping = false;
        if (is_flood(ws))
            ws_reject(ws, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too many messages");
        else if (is_binary)
            report_bad(ws, "binary message");
    }
    if (ws->state == WS_OPEN)
        take_piece(ws, (struct slice){data, len}, is_first, is_last);
    if (is_last) {
        ws->in_message = false;
        strbuf_clear(&ws->partial);
    }
    return 0;
}

void ws_peer_closes(struct ws *ws, struct slice payload)
{
    const unsigned char *bytes = (const unsigned char *)payload.data;
    if (ws->state == WS_CLOSING || ws->end_err)
        return;
    ws->end_code = payload.len >= 2 ? bytes[0] << 8 | bytes[1] : 0;
    begin_close(ws, ERR_OK, "closed by the other side");
}
