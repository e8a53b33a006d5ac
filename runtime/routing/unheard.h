/* What a caller said that no transcript was given for yet: the audio, up to five seconds of it, and the items it was cut into.
   Positions are bytes of 8 kHz µ-law since the session began. An item's number is the owner's and never changes; the session that is
   asked for it counts its own.

       frames ──► kept ──────────────────────────────────► asked of a session, from `given` on
       commits ─► items 3 [0, 9600)  4 [9600, 20800) ────►     commit ─► its number for it */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_queue.h"
#include "media/frame.h"

#define UNHEARD_BYTES_PER_MS (FRAME_BYTES / FRAME_MS)
#define UNHEARD_KEPT_BYTES (5000 * UNHEARD_BYTES_PER_MS)
#define UNHEARD_LEAST_BYTES (100 * UNHEARD_BYTES_PER_MS) /* of an item */
#define UNHEARD_ITEMS 16

/* Of an item, by partials. A session that begins anew with it knows less at first than was shown already. */
struct unheard_shown {
    size_t len;
    size_t least_len; /* shorter ones are not shown */
};

struct unheard_item {
    uint32_t number;
    uint32_t inner; /* the session's; 0: not asked of it */
    uint64_t start;
    uint64_t end;
    uint64_t asked_ms; /* of the session */
    struct unheard_shown shown;
    bool is_over; /* its final is there, and waits to be given */
    char *final;
};

struct unheard {
    struct byte_queue kept; /* up to `written` */
    uint64_t written;
    uint64_t given;                           /* to the session */
    uint64_t begun_at;                        /* the first that this session was given */
    uint64_t commit_end;                      /* what is before it belongs to an item */
    uint32_t newest;                          /* item's number */
    struct unheard_shown shown;               /* of what is being said */
    struct unheard_item items[UNHEARD_ITEMS]; /* without finals, oldest first */
    size_t count;
};

void unheard_free(struct unheard *unheard);
void unheard_put(struct unheard *unheard, const uint8_t ulaw[FRAME_BYTES]);
/* Ends an item. Its number; 0: too short, or too many are open. */
uint32_t unheard_commit(struct unheard *unheard);
/* A partial came. False: it is not to be shown. */
bool unheard_show(struct unheard_shown *shown, size_t len);
/* Another session begins with the oldest of what is here. */
void unheard_rewind(struct unheard *unheard);
/* The next frame before `end` that the session was not given; false: there is none. */
bool unheard_next_frame(struct unheard *unheard, uint64_t end, uint8_t out[FRAME_BYTES]);
/* The oldest item that the session was not asked for; NULL: none. */
struct unheard_item *unheard_next_item(struct unheard *unheard);
/* The oldest item that the session owes; NULL: none. */
struct unheard_item *unheard_owed(struct unheard *unheard);
struct unheard_item *unheard_find(struct unheard *unheard, uint32_t inner);
/* The oldest item whose final waits to be given; NULL: none. */
struct unheard_item *unheard_over(struct unheard *unheard);
/* Its final was given. */
void unheard_remove(struct unheard *unheard, struct unheard_item *item);
