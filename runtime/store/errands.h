/* What a live call asks Postgres while it waits: the one use of its token, its planned end, what was said
   before it broke; and which processes live, so that the calls of one that died are closed. From any thread to the loop that holds the connections, and back:

     any thread ─► inbox ─► database ─► the errand itself, answered, in its `reply` mailbox

   Each is answered once, at the latest at its deadline, unless the sender waits for nothing or the
   errands are closed before. Bounded: past the capacity an errand is refused. Postgres away is an
   answer (ERR_TIMEOUT, ERR_CLOSED), never a wait without an end. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/mailbox.h"
#include "net/loop.h"

enum errand_kind {
    ERRAND_CLAIM, /* call_sid, attempt → "mine", or no answer: another has it */
    ERRAND_END,   /* call_sid, attempt, reason → "ended": committed */
    ERRAND_ENDING, /* call_sid, attempt (that asks) → "ended" when an end was planned, else no answer */
    ERRAND_HISTORY, /* call_sid, tenant_id, call_id (the one that goes on) → the JSON below */
    ERRAND_PRUNE,   /* old claims go; the errands' own */
    ERRAND_HERE, /* this process lives, and calls of those that were not heard of are closed → how many; likewise */
    ERRAND_KINDS
};
/* HISTORY: {"calls":N,"turn_index":N,"state":{…}|null,"tags":[…]|null,"outcome":"…"|null,
   "lines":[{"kind":"in"|"out","id","text","unheard","turn","at"} or {"kind":"tool","id","name","arguments","result","turn","at"} …]}, oldest first,
   the newest 60. It also closes the rows of the earlier calls that nobody closed. */

#define ERRAND_TEXT_SIZE 64

struct errand {
    struct letter letter;
    enum errand_kind kind;
    struct mailbox *reply; /* NULL: nobody waits. A full one drops the answer */
    uint64_t key;          /* the sender's name for what it is about */
    char call_sid[ERRAND_TEXT_SIZE];
    unsigned attempt;
    char tenant_id[ERRAND_TEXT_SIZE];
    char call_id[ERRAND_TEXT_SIZE];
    char reason[ERRAND_TEXT_SIZE];
    /* The answer. */
    enum err err;
    char *text; /* heap, terminated; NULL: no row */
    struct errands *errands;
    struct errand *prev, *next;
};
struct errand *errand_make(enum errand_kind kind); /* NULL: no memory */
void errand_free(struct errand *errand);           /* NULL is fine */

struct errands;
must_use enum err errands_open(struct errands **out, struct net_loop *loop,
    const char *database_url, const char *node, size_t capacity);
/* Any thread. ERR_FULL: the errand is still the sender's. */
must_use enum err errands_send(struct errands *errands, struct errand *errand);
void errands_close(struct errands *errands); /* nobody is answered any more; NULL is fine */
