/* Which item of the service is which utterance of ours, what was heard of it so far, and which audio it
   is made of (positions in bytes of 8 kHz µ-law since the session began).

       commit 1, commit 2 ─►  1 ─┐
       "committed" item_9 ────► 1 = item_9           in the order of our commits
       delta item_9 "Hi" ─────► 1 "Hi"
       delta item_12 "so" ────► 3 "so"               not committed yet: the one that is being spoken
       "committed" item_13 ───► a part of 3          the service ended it, we did not

   An utterance is one item, the one that our commit ends, and before or behind it parts that the service ended by itself;
   its text is all of theirs. Completions may come in any order, and twice. Pure; at most ITEMS_OPEN items are
   known at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

#define ITEMS_OPEN 16
#define ITEMS_ENDED 8 /* ids that are remembered after their end */
#define ITEM_ID_SIZE 96
#define ITEM_MOST_TEXT_BYTES (16 * 1024)

enum item_state {
    ITEM_SPOKEN,    /* still being spoken; known because text came early */
    ITEM_WAITING,   /* ended on our side, the commit is not sent (no connection) */
    ITEM_SENT,      /* the commit is sent */
    ITEM_COMMITTED, /* the service has confirmed it, or ended it by itself */
    ITEM_OVER,      /* its text is final; the utterance waits for its other items */
};

struct item {
    uint32_t number; /* of the utterance */
    enum item_state state;
    bool is_part;          /* the service ended it by itself */
    char id[ITEM_ID_SIZE]; /* the service's; "" while not known */
    struct strbuf text;
    uint64_t sent_ms; /* when the commit was sent */
    uint64_t start;   /* its audio is [start, end) */
    uint64_t end;
    uint64_t voice_start; /* and the voice in it; empty when none was loud enough */
    uint64_t voice_end;
};

struct items {
    struct item open[ITEMS_OPEN]; /* in order of number */
    size_t count;
    uint32_t last_commit;        /* number of the last one that ended on our side */
    uint64_t ended[ITEMS_ENDED]; /* hashes of the newest ids that ended */
    unsigned ended_next;
};

void items_free(struct items *items);
/* The utterance that is being spoken ends: its item, NULL when too many are open. Audio of its parts is not its own. */
struct item *items_end(struct items *items, uint64_t start, uint64_t end);
struct item *items_next_waiting(struct items *items); /* first one whose commit is not sent; NULL */
/* "committed": the oldest commit that is sent and not confirmed gets this id. NULL: not one of ours. */
struct item *items_confirm(struct items *items, struct slice id);
/* "committed" without a commit of ours: a part of the utterance that is being spoken (its audio: `start` or where
   its last part ended, to `end`), or, with `is_silent` (nothing was said since the last commit), of the one before. NULL: no
   room, or of none that is open. */
struct item *items_add_part(
    struct items *items, struct slice id, bool is_silent, uint64_t start, uint64_t end);
/* The item that text with this id belongs to; made when it is the one being spoken. NULL: no room,
   or an id that cannot be ours. */
struct item *items_for_delta(struct items *items, struct slice id);
/* The item that a completion or failure ends. NULL: not one of ours. */
struct item *items_for_end(struct items *items, struct slice id);
/* The one whose commit was refused: by number, or (0) the oldest not confirmed. NULL: none. */
struct item *items_refused(struct items *items, uint32_t number);
/* Its text is final. The item is not to be used any more: a part may become one with the part before. */
void items_set_over(struct items *items, struct item *item, struct slice text);
/* The item that our commit ended, of an utterance all of whose items are over; NULL: none. */
struct item *items_finished(struct items *items);
/* What is known of an utterance's words; `out` is empty before. */
void items_text(const struct items *items, uint32_t number, struct strbuf *out);
uint64_t items_oldest_sent_ms(
    const struct items *items); /* of those that wait for text; 0: none does */
/* The first position that would have to be sent again if the connection were lost now; `spoken` is where the
   utterance that is being spoken began. */
uint64_t items_needed_from(const struct items *items, uint64_t spoken);
void items_remove(struct items *items, uint32_t number); /* the utterance with all its items */
/* The connection is gone: ids and early text mean nothing on the next one, sent commits wait again, and parts without
   their text are said again. */
void items_disconnect(struct items *items);
