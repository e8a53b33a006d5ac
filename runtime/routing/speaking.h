/* What speaks for a call: its contexts, and the session of a provider that is asked for them, one after the other (speaking.c);
   what that tells (speaking_told.c). Private to routed_tts.c, which is the rest: what is due when, and what the owner asks. */
#pragma once

#include "routing/kept_failure.h"
#include "routing/spoken.h"
#include "routing/succession.h"

#define SPEAKING_CONTEXTS 24

struct tts {
    const struct tts_ops *ops;
    const struct tts_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer;
    struct route route;
    struct tts_settings wishes; /* the call's own; only numbers and the language, which is owned */
    struct succession succession;
    const struct tts_ops *inner_ops;
    struct tts *inner; /* NULL: nobody speaks; the next text opens a session */
    size_t index;      /* of the route: who */
    bool is_entered;   /* at the desk */
    bool was_ready;    /* on_ready was called */
    bool is_busy;      /* inside a callback: freeing waits for its end */
    bool is_closed;
    bool is_final;               /* on_failed was called */
    bool is_late;                /* made no sound of what is being cancelled */
    struct kept_failure failure; /* the last one */
    uint64_t quiet_ms;           /* since when no context is alive */
    uint64_t heard_ms;           /* the newest audio of this session */
    uint64_t
        dry_ms; /* when the owner will have played what it was given; 0: all contexts are over */
    uint64_t mute_ms;  /* since when something is to be said and there is no session; 0: not */
    uint64_t look_ms;  /* before that nobody else is looked for */
    unsigned first_ms; /* how long this session's first audio took */
    uint32_t newest;   /* context */
    struct spoken list[SPEAKING_CONTEXTS]; /* alive, in order */
    size_t count;
};

extern const struct tts_listener speaking_listener; /* of sessions; the owner is the struct tts */

bool speaking_is_over(const struct tts *tts);
uint64_t speaking_now_ms(const struct tts *tts);

struct spoken *speaking_find(struct tts *tts, uint32_t number); /* NULL: it is not alive */
/* Finds it too. ERR_CLOSED: it ended; ERR_FULL: too many are alive. */
struct spoken *speaking_add(struct tts *tts, uint32_t number, enum err *err);
void speaking_drop(struct tts *tts, struct spoken *spoken);
void speaking_end(struct tts *tts, uint32_t number); /* so, where it is alive; and on_end */

/* routed_tts.c: around every callback from the loop; its end may free it, and else sets the timer. */
void speaking_begin_callback(struct tts *tts);
void speaking_end_callback(struct tts *tts);

/* The desk counts who speaks: a session is entered with the first context of a reply, and left with the last. First: with whom the
   call heard last, when that may be asked; after a silence, with whom it would rather hear. */
void speaking_enter(struct tts *tts);
void speaking_rest(struct tts *tts);
/* Opens a session; `index` has entered already, or is SUCCESSION_NOBODY. None may be open. */
void speaking_open(struct tts *tts, size_t index);
void speaking_leave(struct tts *tts, const struct failure *failure); /* closes it */
/* The text of a context (may be empty), and its end when that is known. False: the session does not take it. */
bool speaking_ask(struct tts *tts, struct spoken *spoken, struct slice text, bool flush);
/* Closes it as well: it failed, and is told of. */
void speaking_fail(struct tts *tts, const struct failure *failure);
/* The session is of no more use: the next goes on with what was not given. `next` as in speaking_open. */
void speaking_lose(struct tts *tts, const struct failure *failure, size_t next);
void speaking_go_on(struct tts *tts, size_t next); /* for what waits, while there is no session */
void speaking_give_up(struct tts *tts);            /* on_failed, with the last failure */
