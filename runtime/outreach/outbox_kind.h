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
    /* Whether an entry of the list may be it, made since the row was asked for, between the same numbers. Of those that no
       other row has the newest is taken. */
    bool (*is_it)(const json_t *entry, const struct outbox_item *item);
    unsigned (*segments)(const struct outbox_item *item); /* what it is billed as; NULL: nothing */
};
extern const struct outbox_kind *const OUTBOX_KINDS[];
extern const unsigned OUTBOX_KIND_COUNT;
const struct outbox_kind *outbox_kind_find(const char *name); /* NULL: none */
/* Its member of that name is this text. */
bool outbox_entry_has(const json_t *entry, const char *name, const char *value);

/* outbox_text.c */
extern const struct outbox_kind OUTBOX_TEXT;
/* outbox_call.c */
extern const struct outbox_kind OUTBOX_CALL;
