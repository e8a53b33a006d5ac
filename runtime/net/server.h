/* HTTP/1.1 and WebSocket server on one port. Each loop that listens has its own SO_REUSEPORT listener,
   accepts at most 8 sockets a turn; requests and accepted WebSockets are read by our own code
   (request.h, ws_frames.h). Out of descriptors it takes a breath of 100 ms, and lets those who are in go on.
   Upgrades other than `websocket` version 13 are refused (h2c included); every request is answered
   (404 and 500 included), slow ones within a deadline; bodies are limited (413). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"
#include "net/ws.h"

struct http_request {
    struct slice method;       /* "GET", "POST" */
    struct slice path;         /* as sent, undecoded, without the query */
    struct slice query;        /* without '?', undecoded */
    struct slice content_type; /* empty when none */
    struct slice signature;    /* X-Twilio-Signature */
    struct slice authorization;
    struct slice api_key;   /* xi-api-key (the sandbox wants it) */
    struct slice elsewhere; /* X-Moonline-Elsewhere: the proxy has other nodes to ask */
    struct slice body;
    struct slice peer; /* numeric address */
};

struct exchange; /* one request that waits for its answer */

struct server_handlers {
    /* The request is valid until answered or cancelled. Answer now or later with exchange_answer. */
    void (*on_request)(void *owner, struct exchange *exchange, const struct http_request *request);
    /* The client went away before the answer: `exchange` is gone. May be NULL when all is answered at once. */
    void (*on_cancelled)(void *owner, struct exchange *exchange);
    /* 101 accepts; anything else is the HTTP status of the refusal. */
    int (*on_upgrade)(void *owner, const struct http_request *request);
    /* Answers an upgrade that on_upgrade refused, at once, with a body of its own. NULL: an empty one. */
    void (*on_refused)(
        void *owner, struct exchange *exchange, int status, const struct http_request *request);
    /* An accepted upgrade is open: give it a listener before returning. */
    void (*on_socket)(void *owner, struct ws *ws, const struct http_request *request);
};

struct server_options {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:0"; port 0 picks one */
    bool is_shared;           /* several loops of this process listen on it */
    size_t max_body_bytes;    /* 64 KiB suits webhooks */
    size_t max_message_bytes; /* inbound WebSocket messages */
    size_t max_queue_bytes;   /* outbound per socket */
    unsigned
        max_messages_per_second; /* inbound frames per socket, control frames too, 0: no cap; a flood
                                    closes that socket (1008) */
    unsigned request_timeout_ms; /* headers and body must arrive, 5000 */
    unsigned max_connections;    /* per loop; further accepts wait in the kernel's backlog */
};

struct server;
/* ERR_SYSTEM: cannot listen; `why` (for people) names the address and the reason, e.g. port in use. */
must_use enum err server_start(struct server **out, struct net_loop *loop,
    const struct server_options *options, const struct server_handlers *handlers, void *owner,
    char why[200]);
int server_port(const struct server *server);
void server_destroy(struct server *server); /* closes all its sockets */

/* One answer per exchange; afterwards it is gone. Body is copied. `content_type` may be NULL for none. */
void exchange_answer(
    struct exchange *exchange, int status, const char *content_type, struct slice body);
/* A streamed answer (SSE, chunked audio): begin, any number of writes, end. Writes are refused with
   ERR_FULL over 1 MiB unsent and ERR_CLOSED when the client left (then end is still owed). */
void exchange_begin(struct exchange *exchange, int status, const char *content_type);
must_use enum err exchange_write(struct exchange *exchange, struct slice data);
void exchange_end(struct exchange *exchange);
void exchange_abort(struct exchange *exchange); /* cuts the connection: for faults */
void exchange_set_header(
    struct exchange *exchange, const char *name, const char *value); /* before answer/begin, ≤ 4 */
