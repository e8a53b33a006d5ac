/* Messages that leave in order, each not before its own time: how the sandbox's services keep a
   realistic pace. Bounded; one timer each.

   The sink is called from the timer only, never from paced_put. From `finish` and `cut` the owner may
   destroy the queue; nothing is called after either. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "gate.h"
#include "net/loop.h"

struct paced_sink {
    /* ERR_FULL: the reader is slow, it is offered again 20 ms later; other errors lead to `cut`. */
    enum err (*send)(void *owner, struct slice message);
    void (*finish)(
        void *owner);         /* everything was sent; may be NULL when paced_finish is never used */
    void (*cut)(void *owner); /* the connection ends here: a fault, or the reader is gone */
};

struct paced_item;
struct paced {
    struct net_loop *loop;
    struct net_timer *timer;
    struct gate *gate; /* shared by the queues of one connection */
    const struct paced_sink *sink;
    void *owner;
    struct paced_item *first;
    struct paced_item *last;
    size_t waiting_bytes;
    uint64_t last_due_ms;
    bool is_cutting; /* a fault broke it; `cut` follows */
};

/* The pace of an answer; options of `moonline-sandbox serve`. */
struct pace {
    unsigned first_token_ms; /* chat: from the request to the first token, 150 */
    unsigned token_ms;       /* chat: between tokens, 20 */
    unsigned final_ms;       /* transcription: from the commit to a scripted final, 120 */
    unsigned word_ms;        /* transcription: speech for each scripted word, 300 */
    unsigned first_audio_ms; /* speech: from the text to the first audio, 80 */
    unsigned speedup;        /* speech: times faster than it is spoken, 8 */
};
extern const struct pace pace_defaults;

must_use enum err paced_init(struct paced *paced, struct net_loop *loop, struct gate *gate,
    const struct paced_sink *sink, void *owner);
void paced_close(struct paced *paced); /* drops what waits */
/* `due_ms` is on the monotonic clock; the gate's delay and jitter are added. ERR_FULL over 16 MiB waiting. */
must_use enum err paced_put(struct paced *paced, uint64_t due_ms, struct slice message);
must_use enum err paced_finish(struct paced *paced); /* `finish` once what waits is sent */
