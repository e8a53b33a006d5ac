/* What goes out beside live calls: texts, and calls that a task asked for. Rows of `outbox` (store/migrations/011_record.sql),
   written in the transaction of what caused them; whichever node takes one sends it, and no row is sent twice:

     queued ─ taken, with a lease ─► sending ─ the carrier took it ─► sent ─ its callbacks ─► delivered, undelivered, failed
        ▲                               │
        └─ certainly not taken ─────────┤ for now: later, with a growing pause, up to a bound
                                        ├─ refused for good ─► failed
                                        ├─ opted out, of no use any more ─► cancelled
                                        └─ no answer, or the node died ─► looked for at the carrier ─► sent, or unknown

   What was not found there stays unknown and is not sent again: that it is in no list yet does not prove that it never will
   be. One loop, with connections of its own; Postgres says at once that there is something (NOTIFY moonline_outbox), and
   is asked all the same every few seconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"
#include "store/records.h"
#include "telephony/rest.h"

struct outbox_options {
    const char *database_url;
    struct rest_settings rest; /* account_sid NULL: nothing is sent, and the rows wait */
    const char *public_url;    /* origin of the callbacks */
    const char *node;
    const struct records *
        records; /* an opt-out may wait there: nothing is taken while they are behind; NULL: it waits for none */
    unsigned in_flight;        /* 0: 16 at the carrier at the same time, of this node */
    unsigned in_flight_tenant; /* 0: 4 of a tenant, over all nodes */
    unsigned pace_percent;     /* 0: 100; tests wait less between looks */
};

struct outbox;
must_use enum err outbox_open(
    struct outbox **out, struct net_loop *loop, const struct outbox_options *options);
void outbox_look(struct outbox *outbox); /* now */
/* Takes nothing more; `done` comes once what is with the carrier has ended, at `until_ms` of clock_ms() at the latest, and
   not during this call. */
void outbox_drain(struct outbox *outbox, uint64_t until_ms, void (*done)(void *owner), void *owner);
/* What is still with the carrier is left to its lease; NULL is fine. */
void outbox_close(struct outbox *outbox);
