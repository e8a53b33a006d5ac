/* Which item of the service is which utterance of ours, what was heard of it so far, and which audio it
   is made of (positions in bytes of 8 kHz µ-law since the session began).

       commit 1, commit 2 ─►  1 ─┐
       "committed" item_9 ────► 1 = item_9           in the order of our commits
       delta item_9 "Hi" ─────► 1 "Hi"
       delta item_12 "so" ────► 3 "so"               not committed yet: the one that is being spoken

   Completions may come in any order. Pure; at most ITEMS_OPEN utterances wait for their text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

#define ITEMS_OPEN 16
#define ITEM_ID_SIZE 96
#define ITEM_MOST_TEXT_BYTES (16 * 1024)

enum item_state {
    ITEM_SPOKEN,    /* still being spoken; known because text came early */
    ITEM_WAITING,   /* ended on our side, the commit is not sent (no connection) */
    ITEM_SENT,      /* the commit is sent */
    ITEM_COMMITTED, /* the service has confirmed it */
};

struct item {
    uint32_t number;
    enum item_state state;
    char id[ITEM_ID_SIZE]; /* the service's; "" while not known */
    struct strbuf text;
    uint64_t sent_ms; /* when the commit was sent */
    uint64_t start;   /* its audio is [start, end) */
    uint64_t end;
};

struct items {
    struct item open[ITEMS_OPEN]; /* in order of number */
    size_t count;
    uint32_t last_commit; /* number of the last one that ended on our side */
};

void items_free(struct items *items);
/* The utterance that is being spoken ends: its number, 0 when too many are open. */
uint32_t items_end(struct items *items, uint64_t start, uint64_t end);
struct item *items_next_waiting(struct items *items); /* first one whose commit is not sent; NULL */
/* "committed": the oldest commit that is sent and not confirmed gets this id. NULL: not one of ours. */
struct item *items_confirm(struct items *items, struct slice id);
/* The utterance that text with this id belongs to; made when it is the one being spoken. NULL: no room,
   or an id that cannot be ours. */
struct item *items_for_delta(struct items *items, struct slice id);
/* The utterance that a completion or failure ends. NULL: not one of ours. */
struct item *items_for_end(struct items *items, struct slice id);
/* The one whose commit was refused: by number, or (0) the oldest not confirmed. NULL: none. */
struct item *items_refused(struct items *items, uint32_t number);
uint64_t items_oldest_sent_ms(
    const struct items *items); /* of those that wait for text; 0: none does */
void items_remove(struct items *items, struct item *item);
/* The connection is gone: ids and early text mean nothing on the next one, sent commits wait again. */
void items_disconnect(struct items *items);
