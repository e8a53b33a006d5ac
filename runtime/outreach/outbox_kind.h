/* What a row of the outbox is, and how the carrier is asked for it. Private to outreach: a kind is a row of OUTBOX_KINDS and a
   file. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "outreach/outbox.h"

/* Borrowed; texts are terminated, "" where the row has none. */
struct outbox_item {
    const char *id;
    const char *tenant_id;
    const char *key;
    const char *from_number;
    const char *to_number;
    const char *body;
    const char *details; /* JSON object */
    const char *task_id;
    const char *asked_on; /* the UTC day on which the carrier was asked, "2026-11-26" */
};

struct outbox_kind {
    const char *name;    /* as in the column */
    const char *list;    /* at the carrier: "Messages", "Calls" */
    const char *entries; /* and what its answer calls them: "messages", "calls" */
    /* The form that makes one of the list. */
    void (*ask)(
        struct strbuf *form, const struct outbox_options *options, const struct outbox_item *item);
    /* What narrows the list to where the row's would be, and whether one of its entries (made since the row was asked for,
       by their "date_created") may be it. Of those that no other row has the newest is taken. */
    void (*narrow)(struct strbuf *query, const struct outbox_item *item);
    bool (*is_it)(const json_t *entry, const struct outbox_item *item);
    unsigned (*segments)(const struct outbox_item *item); /* what it is billed as; NULL: nothing */
};
extern const struct outbox_kind *const OUTBOX_KINDS[];
extern const unsigned OUTBOX_KIND_COUNT;
const struct outbox_kind *outbox_kind_find(const char *name); /* NULL: none */

/* outbox_text.c */
extern const struct outbox_kind OUTBOX_TEXT;
/* outbox_call.c */
extern const struct outbox_kind OUTBOX_CALL;
