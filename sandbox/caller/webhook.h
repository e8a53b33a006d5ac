/* Signed requests as Twilio makes them: URL and signature of the public URL, bytes to `via`. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct webhook_request {
    const char *url;
    bool is_get;       /* fields go into the query instead of the body */
    struct slice form; /* encoded */
    const char *via;   /* NULL: where the URL says */
    bool is_via_tls;
    const char *token; /* "": unsigned */
};

struct webhook_answer {
    enum err err; /* ERR_OK: an answer came, whatever its status */
    const char *why;
    int status;
    struct slice body;
};

/* `fn` comes exactly once, never during the start. */
must_use enum err webhook_send(struct net_loop *loop, const struct webhook_request *request,
    void (*fn)(void *owner, const struct webhook_answer *answer), void *owner);
