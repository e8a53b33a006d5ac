/* What hears for a call: what was said and has no transcript yet, and the session of a provider that is given it, one after the
   other (listening.c); what that tells (listening_told.c). Private to routed_stt.c, which is the rest: what is due when, and what
   the owner asks. */
#pragma once

#include "routing/kept_failure.h"
#include "routing/succession.h"
#include "routing/unheard.h"

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer;
    struct route route;
    char *language;
    struct succession succession;
    const struct stt_ops *inner_ops;
    struct stt *inner; /* NULL: nobody hears */
    size_t index;      /* of the route: who */
    bool is_ready;     /* the session is */
    bool was_ready;    /* on_ready was called */
    bool is_giving;    /* the session is being given something */
    bool is_failing;   /* it failed meanwhile: `failure` is dealt with later */
    bool is_busy;      /* inside a callback: freeing waits for its end */
    bool is_closed;
    bool is_final;               /* on_failed was called */
    struct kept_failure failure; /* the last one */
    uint64_t opened_ms;
    uint64_t spoken_ms; /* the newest frame */
    uint64_t deaf_ms;   /* since when something is said and no session is ready; 0: not */
    uint64_t look_ms;   /* before that nobody else is looked for */
    uint64_t told_ms;   /* the newest partial or final of this session */
    uint32_t asked;     /* items, of this session */
    bool has_answered;  /* this session */
    struct unheard unheard;
};

extern const struct stt_listener listening_listener; /* of sessions; the owner is the struct stt */

bool listening_is_over(const struct stt *stt);
uint64_t listening_now_ms(const struct stt *stt);
/* A voice that nobody hears. What stays uncommitted after it was noise. */
bool listening_is_waiting(const struct stt *stt);

/* routed_stt.c: around every callback from the loop; leaving may free it, and else sets the timer. */
void listening_enter(struct stt *stt);
void listening_leave(struct stt *stt);

/* Opens a session with whoever may be asked; `index` has entered already, or is SUCCESSION_NOBODY. None may be open. */
void listening_open(struct stt *stt, size_t index);
/* So, in place of one that was there; where nobody gets better by himself the owner is told. */
void listening_go_on(struct stt *stt, size_t index);
void listening_stop(struct stt *stt, const struct failure *failure); /* closes it */
/* The session is of no more use: the next goes on. `next` as in listening_open. */
void listening_lose(struct stt *stt, const struct failure *failure, size_t next);
void listening_give_up(struct stt *stt); /* on_failed, with the last failure */

void listening_pump(struct stt *stt); /* a session that is ready is given what it was not */
/* The item is over, and the owner is told. */
void listening_give_final(struct stt *stt, struct unheard_item *item, struct slice text);
