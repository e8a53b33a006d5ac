/* A WebSocket, ours or theirs: text messages in and out with bounded queues.
   Listener promises: never called during the starting call; on_closed exactly once and last; nothing
   after ws_close_now returns; destroying the owner from on_closed is safe (the ws is gone after it). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct ws;

struct ws_listener {
    void (*on_open)(void *owner); /* clients only; may be NULL */
    void (*on_text)(
        void *owner, struct slice message); /* whole message, at most max_message_bytes */
    /* A message over the limit or a binary one was dropped; the socket stays open, for one odd message
       shall not end a call. May be NULL. Invalid UTF-8 from a service is dropped so too; an accepted
       socket closes for it (1007), for breaking the protocol (1002), for more than 16 times the limit
       (1009) and for flooding (1008). */
    void (*on_bad)(void *owner, const char *why);
    /* ERR_OK: closed in order by either side; else why it failed. `code` 0 when none was received;
       `why` is short text for logs. */
    void (*on_closed)(void *owner, enum err err, int code, const char *why);
};

struct ws_header {
    const char *name; /* "authorization:" style names without the colon */
    const char *value;
};

struct ws_options {
    const char *url; /* ws:// or wss://; may carry a query */
    const char *via; /* "host:port" to connect to instead of the URL's; NULL: the URL's */
    bool is_via_tls; /* with TLS for a wss URL, name and certificate the URL's; else in the clear */
    const struct ws_header *headers;
    size_t header_count;
    unsigned connect_timeout_ms; /* until on_open, resolving included */
    size_t max_message_bytes;    /* inbound */
    size_t max_queue_bytes;      /* outbound, unsent */
};

must_use enum err ws_connect(struct ws **out, struct net_loop *loop,
    const struct ws_options *options, const struct ws_listener *listener, void *owner);
/* For accepted sockets (net/server.h), which open with no listener: messages wait for it. */
void ws_set_listener(struct ws *ws, const struct ws_listener *listener, void *owner);
/* Accepted sockets: reads nothing more until it is let go, so that the sender feels it. What was read already
   still comes; a peer that leaves meanwhile is noticed later. */
void ws_hold(struct ws *ws, bool is_held);

must_use enum err ws_send(struct ws *ws, struct slice text); /* ERR_FULL, ERR_CLOSED */
/* For frames that are worthless late: at most `max_audio` of these wait; the oldest waiting one is dropped
   for a new one. Returns how many were dropped (0 or 1), −1 when closed. Order with ws_send is kept. */
int ws_send_audio(struct ws *ws, struct slice text, unsigned max_audio);
size_t ws_drop_audio(struct ws *ws); /* forgets audio that waits (barge-in); how many */
size_t ws_queued_bytes(const struct ws *ws);
void ws_close(struct ws *ws, int code,
    const char *reason);          /* sends what waits, then closes; on_closed follows within 2 s */
void ws_close_now(struct ws *ws); /* drops what waits; on_closed does NOT follow; ws is gone */
