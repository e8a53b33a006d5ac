/* HTTP/1.1 client: requests with streamed answers over kept-alive connections (libcurl). Protocols are
   http and https only; the certificate and its name are checked; every request has deadlines.
   Listener promises as in net/ws.h: on_done exactly once and last, never during http_start, never
   after http_cancel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct http_header {
    const char *name;
    const char *value;
};

struct http_options {
    const char *method; /* "GET", "POST", … */
    const char *url;
    const char *via; /* "host:port" to connect to instead of the URL's (moonline call); NULL */
    bool
        is_via_tls; /* speak TLS with it for an https URL, name and certificate the URL's; else in the clear */
    const struct http_header *headers;
    size_t header_count;
    struct slice body;         /* copied */
    const char *user_password; /* "user:password" for Basic auth, NULL: none */
    unsigned connect_timeout_ms;
    unsigned first_byte_timeout_ms; /* until the first byte of the answer's head */
    unsigned idle_timeout_ms;       /* between bytes of the body */
    unsigned total_timeout_ms;      /* 0: none */
    size_t max_body_bytes;
    bool allow_private; /* may reach loopback, private and link-local addresses */
    /* Over a connection of its own: on one that was kept and turns out to be closed without an answer, curl asks
       again by itself, whatever the method, and what had been done is done twice. */
    bool is_once;
    uint64_t
        ask_before_ms; /* not asked at all when there is no connection by then; 0: no such time */
};

struct http_listener {
    void (*on_status)(void *owner, int status, struct slice content_type,
        unsigned retry_after_ms); /* may be NULL */
    void (*on_body)(void *owner, struct slice data);
    /* ERR_OK: a whole answer, whatever its status. Else `why` says what failed. */
    void (*on_done)(void *owner, enum err err, const char *why);
    void (*on_asked)(
        void *owner); /* there is a connection: from now on it may have been taken. May be NULL */
    /* Where the answer says that it is instead; nobody goes there by himself. Before on_status; may be NULL. */
    void (*on_location)(void *owner, struct slice url);
};

#define HTTP_HOST_SIZE 256
/* Where a request to `url` would go, in lower case, and whether through TLS. ERR_BAD: nowhere, or to a host that is not
   written in plain letters, digits and "-._:", which others may read as another. */
must_use enum err http_host(const char *url, char out[HTTP_HOST_SIZE], bool *is_secure);

struct http_call;
must_use enum err http_start(struct http_call **out, struct net_loop *loop,
    const struct http_options *options, const struct http_listener *listener, void *owner);
void http_cancel(struct http_call *call); /* closes the connection; no callback follows */
/* Opens a connection to the origin ahead of need (TLS done); best effort. */
void http_warm(struct net_loop *loop, const char *url);
