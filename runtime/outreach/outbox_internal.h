/* How outreach/outbox.h is made. Private to outreach.

     outbox.c: Postgres ─ rows that are due ─► taken ─► outbox_send.c: the carrier is asked ─┐
                        ─ rows overdue ──────► taken ─► outbox_find.c: its list is read ─────┤
                                                        outbox_write.c: what became of it ◄──┘ */
#pragma once

#include "base/clock.h"
#include "base/id.h"
#include "net/loop.h"
#include "outreach/outbox.h"
#include "outreach/outbox_kind.h"
#include "store/database.h"

/* From the asking for rows to the carrier's being asked: what opt_out of migrations/014_outbox.sql relies on, which waits
   a little longer. */
#define OUTBOX_ASK_WITHIN_MS 900
#define OUTBOX_NODE_SIZE (ID_SIZE + 12)

struct outbox {
    struct net_loop *loop;
    struct outbox_options options;
    struct database *database;
    struct net_timer *timer;
    struct taken *taken; /* rows that are ours */
    unsigned in_flight;
    unsigned takes;
    bool is_asking; /* for rows that are due; one after another */
    bool is_asking_overdue;
    bool is_counting;
    bool was_wanted; /* meanwhile */
    bool is_draining;
    uint64_t drained_by_ms;
    void (*on_drained)(void *owner); /* NULL: told */
    void *drain_owner;
    uint64_t asked_ms;           /* for rows that are due */
    char node[OUTBOX_NODE_SIZE]; /* of this take: "<node>/<number>" */
    char lost[OUTBOX_NODE_SIZE]; /* of one whose answer never came; "": none */
};

/* A row that is ours while its lease lasts. */
struct taken {
    struct taken *prev, *next;
    struct outbox *outbox;
    const struct outbox_kind *kind;
    struct outbox_item item; /* in `texts` */
    char *texts;
    char node[OUTBOX_NODE_SIZE];
    uint64_t before_ms; /* the carrier is asked before then or not at all */
    uint64_t lease_ms;  /* of clock_ms(): then it is anybody's */
    int64_t asked_at_s; /* Unix time */
    unsigned attempts, looks;
    struct rest_call *rest; /* one of the three, or the pause before it is written again */
    struct query *query;
    struct net_timer *timer;
    /* What is written. */
    const char *sql;
    void (*on_written)(struct taken *taken, const struct query_answer *answer);
    char numbers[2][16];
    char code[16], why[200]; /* of a row that was sent: the carrier's name for it */
    char *found;             /* heap */
    struct slice params[6];
    size_t param_count;
};

/* outbox.c */
void taken_free(struct taken *taken); /* and looks whether there is more */
unsigned outbox_paced(const struct outbox *outbox, unsigned ms);

/* outbox_send.c, outbox_find.c: what begins here ends in one of outbox_write.c. */
void taken_ask(struct taken *taken);
void taken_find(struct taken *taken);

/* outbox_write.c: written until Postgres has it or the lease is over, then freed. */
void taken_write_sent(struct taken *taken, struct slice sid);
void taken_write_failed(struct taken *taken, int code, const char *why);
void taken_write_later(struct taken *taken, unsigned after_ms, int code, const char *why);
/* `is_counted`: the carrier was looked at, and it was not there. */
void taken_write_unsure(struct taken *taken, bool is_counted, const char *why);
/* `sids`: an array as Postgres writes it. */
void taken_write_found(struct taken *taken, char *sids_take);
