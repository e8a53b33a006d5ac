#include "net/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/message_kind.h"
#include "net/ws_internal.h"
#include "observe/log.h"

#define CLOSE_WITHIN_MS 2000u

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

struct ws *ws_make(struct net_loop *loop, const struct ws_transport *transport,
    size_t max_message_bytes, size_t max_queue_bytes)
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
    ws->transport = transport;
    ws->max_message_bytes = max_message_bytes;
    ws_queue_init(&ws->queue, max_queue_bytes);
    strbuf_init(&ws->partial, max_message_bytes);
    log_call_keep(&ws->log);
    net_object_add(loop, &ws->object, "ws", close_object);
    return ws;
}

static void free_ws(struct ws *ws)
{
    ws_queue_free(&ws->queue);
    strbuf_free(&ws->partial);
    log_call_release(ws->log);
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

static void detach(struct ws *ws)
{
    ws->state = WS_DEAD;
    ws->transport->let_go(ws);
    net_object_remove(&ws->object);
    net_timer_destroy(ws->deadline);
    ws->deadline = NULL;
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
    struct log_call *before = log_call_enter(ws->log);
    if (ws->listener)
        ws->listener->on_closed(ws->owner, err, code, text);
    log_call_leave(before);
    ws_leave(ws);
}

void ws_opened(struct ws *ws)
{
    ws->state = WS_OPEN;
    net_timer_clear(ws->deadline);
    ws_client_free(ws->client);
    ws->client = NULL;
    if (ws->queue.first)
        ws->transport->want_write(ws);
}

void ws_hold(struct ws *ws, bool is_held)
{
    ws->is_held = is_held;
    if (ws->wire)
        ws_wire_listen(ws->wire);
}

void ws_set_listener(struct ws *ws, const struct ws_listener *listener, void *owner)
{
    ws->listener = listener;
    ws->owner = owner;
    log_call_keep(&ws->log);
    if (ws->wire)
        ws_wire_listen(ws->wire);
}

/* Accepted sockets are the carrier's, the others a vendor's. */
static void tell_message(const struct ws *ws, bool is_in, struct slice message)
{
    if (!log_shows(LOG_FLAG_WS))
        return;
    bool is_carrier = ws->transport == &ws_wire_transport;
    struct slice kind = message_kind(message);
    log_shown("ws.message", "with=%s is=%s kind=%.*s bytes=%zu", is_carrier ? "carrier" : "vendor",
        is_in ? "in" : "out", (int)kind.len, kind.data, message.len);
}

static bool takes_messages(const struct ws *ws)
{
    return ws->state == WS_CONNECTING || ws->state == WS_OPEN;
}

enum err ws_send(struct ws *ws, struct slice text)
{
    if (!takes_messages(ws))
        return ERR_CLOSED;
    enum err err = ws_queue_push(&ws->queue, text, false);
    if (!err)
        tell_message(ws, false, text);
    if (!err && ws->state == WS_OPEN)
        ws->transport->want_write(ws);
    return err;
}

int ws_send_audio(struct ws *ws, struct slice text, unsigned max_audio)
{
    if (!takes_messages(ws))
        return -1;
    if (ws->queue.audio_count >= max_audio && ws->transport->write_now)
        ws->transport->write_now(ws);
    int dropped = 0;
    if (ws->queue.audio_count >= max_audio)
        dropped = ws_queue_drop_audio(&ws->queue);
    if (max_audio == 0 || ws_queue_push(&ws->queue, text, true))
        return 1; /* the new one is what is dropped: no room at all */
    tell_message(ws, false, text);
    if (ws->state == WS_OPEN)
        ws->transport->want_write(ws);
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
        ws->transport->want_write(ws);
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
    close_with(ws, code == WS_CLOSE_POLICY ? ERR_REFUSED : ERR_BAD, code, why, why);
}

void ws_close_now(struct ws *ws)
{
    if (ws)
        ws_drop(ws);
}

void ws_begin_close(struct ws *ws, enum err err, const char *why)
{
    char text[sizeof ws->end_why];
    snprintf(text, sizeof text, "%s", why); /* it may be the one we have */
    memcpy(ws->end_why, text, sizeof text);
    ws->state = WS_CLOSING;
    ws->end_err = err;
    net_timer_set(ws->deadline, clock_ms() + CLOSE_WITHIN_MS);
}

void ws_connection_gone(struct ws *ws)
{
    bool is_in_order = ws->state == WS_CLOSING;
    if (is_in_order)
        ws_finish(ws, ws->end_err, ws->end_code, ws->end_why);
    else
        ws_finish(ws, ERR_CLOSED, 0, "connection lost");
}

static void deliver(struct ws *ws, struct slice message)
{
    struct log_call *before = log_call_enter(ws->log);
    tell_message(ws, true, message);
    if (ws->transport->checks_text || utf8_is_valid(message.data, message.len))
        ws->listener->on_text(ws->owner, message);
    else if (ws->listener->on_bad)
        ws->listener->on_bad(ws->owner, "invalid UTF-8");
    log_call_leave(before);
}

static void report_bad(struct ws *ws, const char *why)
{
    ws->is_dropping = true;
    strbuf_clear(&ws->partial);
    struct log_call *before = log_call_enter(ws->log);
    if (ws->listener->on_bad)
        ws->listener->on_bad(ws->owner, why);
    log_call_leave(before);
}

/* One piece of a message: the first of it decides whether it is taken, the last delivers it. A message
   in one piece goes to the listener from the carrier's own buffer. */
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

void ws_received(struct ws *ws, struct slice piece, bool is_last, bool is_binary)
{
    if (ws->state != WS_OPEN && ws->state != WS_FLUSHING)
        return;
    bool is_first = !ws->in_message;
    ws->in_message = true;
    if (is_first) {
        ws->is_dropping = false;
        if (is_binary && ws->state == WS_OPEN)
            report_bad(ws, "binary message");
    }
    if (ws->state == WS_OPEN)
        take_piece(ws, piece, is_first, is_last);
    if (is_last) {
        ws->in_message = false;
        strbuf_free(&ws->partial); /* the next one may be long in coming */
    }
}
