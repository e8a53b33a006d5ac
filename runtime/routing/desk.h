/* What a media thread knows of the providers it asks: which are out of order, how fast they are, how many requests of a key are
   under way. Every request or session enters before it begins and leaves when it is over. What is known hangs at (slot,
   name, key): another key begins anew. Limits of a key hold for the whole process.

       desk_enter ─► circuit (breaker.h) ─► permit (permits.h) ─► ask ─► desk_leave ─► circuit, speed (speed.h)
                                               └─ none: desk_wait, first come first served, until a deadline

   `desk` may be NULL everywhere: everything may be asked, nothing is known. */
#pragma once

#include "net/loop.h"
#include "routing/route.h"

/* (slot, name, key); past it the oldest that is idle is forgotten. */
#define DESK_ACCOUNTS_MAX 512
#define DESK_WAITING_MAX 64 /* for permits of one key */

struct desk;
must_use enum err desk_create(struct desk **out, struct net_loop *loop);
void desk_destroy(struct desk *desk); /* NULL is fine; nobody may wait */

enum desk_verdict {
    DESK_ENTERED, /* ask it, and leave */
    DESK_OPEN,    /* its circuit is open: it failed lately */
    DESK_FULL,    /* as much of its key is under way as may be, or others wait for that */
};

enum desk_verdict desk_enter(struct desk *desk, const struct route *route, size_t index);
/* Whether desk_enter would say DESK_OPEN. */
bool desk_is_open(struct desk *desk, const struct route *route, size_t index);
/* Enters though the circuit may be open: where nobody else is left, asking is better than not asking. Never DESK_OPEN. */
enum desk_verdict desk_insist(struct desk *desk, const struct route *route, size_t index);
/* What became of it: `failure` NULL for a success, or for one that we gave up ourselves (`first_ms` 0 then).
   `first_ms`: from the question to the first of the answer. */
void desk_leave(struct desk *desk, const struct route *route, size_t index,
    const struct failure *failure, unsigned first_ms);
/* A session works: its circuit need not wait for the session's end. desk_leave still follows. */
void desk_answered(struct desk *desk, const struct route *route, size_t index, unsigned first_ms);

/* Whether people are to be told of it now, or were lately (reminders.h). Without a desk: always. */
bool desk_reminds(struct desk *desk, const char *subject, unsigned *untold);

/* Waits for what desk_enter answered DESK_FULL to. `fn` comes once, from the loop, never during the call: DESK_ENTERED, or at the
   deadline DESK_FULL, or DESK_OPEN when that happened meanwhile. ERR_FULL: too many wait. */
struct desk_wait;
typedef void desk_wait_fn(void *owner, enum desk_verdict verdict);
must_use enum err desk_wait(struct desk_wait **out, struct desk *desk, const struct route *route,
    size_t index, uint64_t deadline_ms, desk_wait_fn *fn, void *owner);
void desk_wait_cancel(struct desk_wait *wait); /* fn does not come; NULL is fine */

/* So much of a caller's audio waits for a session; and the most that did in the last five seconds. */
void desk_note_unheard(struct desk *desk, uint64_t ms);
unsigned desk_unheard_ms(struct desk *desk);

/* How late its first answer may be and still be usual: its 95th percentile; 0: too little is known. */
unsigned desk_usual_ms(struct desk *desk, const struct route *route, size_t index);
/* Given up after so long without an answer: it is at least so slow, which counts when that is unusual. */
void desk_lagged(struct desk *desk, const struct route *route, size_t index, unsigned waited_ms);
