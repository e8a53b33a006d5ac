/* The public port: Twilio's webhooks and the stream's door. One per media thread. */
#pragma once

#include "live/live.h"
#include "net/server.h"

struct public_settings {
    const char *listen;
    const char *public_url;   /* origin as Twilio sees it; signatures are made over it */
    const char *auth_token;   /* empty: signatures are not checked (loopback only) */
    const char *second_token; /* during rotation */
    const char *token_key;    /* signs stream tokens */
    bool redirects;           /* TwiML sends the caller of a broken stream back to the webhook */
    struct errands *errands;  /* NULL: only this process's memory of ended calls */
    struct records *records;
    struct rest_settings rest; /* ends calls of ours that machines answered */
    struct script_host *script; /* asked by on_incoming; NULL: nobody is */
};

struct public;
must_use enum err public_start(struct public **out, struct net_loop *loop,
    struct live_worker *worker, const struct public_settings *settings, char why[200]);
/* New callers are turned away, or left to other nodes, from now on; at `hang_up_ms` calls end. */
void public_drain(struct public *public, uint64_t hang_up_ms);
void public_destroy(struct public *public);
