/* What a row of the outbox is, and how its kind is asked of the carrier. Private to outreach: a kind is a row of
   OUTBOX_KINDS and a file. */
#pragma once

#include "outreach/outbox.h"

/* Borrowed during `send`; texts are terminated, "" where the row has none. */
struct outbox_item {
    const char *id;
    const char *tenant_id;
    const char *key;
    const char *from_number;
    const char *to_number;
    const char *body;
    const char *details; /* JSON object */
    const char *task_id;
};

struct outbox_kind {
    const char *name; /* as in the column */
    must_use enum err (*send)(struct rest_call **out, struct net_loop *loop,
        const struct outbox_options *options, const struct outbox_item *item,
        const struct rest_listener *listener, void *owner);
};
extern const struct outbox_kind OUTBOX_KINDS[];
extern const unsigned OUTBOX_KIND_COUNT;
