/* A request to the chat model that holds: between whom it listens to (routed_llm.c) and whom it asks next (llm_choice.c). */
#pragma once

#include "routing/desk.h"
#include "routing/kept_failure.h"

struct llm_attempt {
    struct llm *request; /* its owner; set even when `inner` is not */
    struct llm *inner;   /* NULL: not under way */
    const struct llm_ops *ops;
    size_t index; /* in the route */
    uint64_t started_ms;
};

enum llm_step {
    STEP_CHOOSING, /* the timer, or a permit, goes on with choosing */
    STEP_ASKING,   /* one or two are asked; the timer starts the second */
    STEP_FAILING,  /* nobody is left; the timer tells */
    STEP_ANSWERING,
    STEP_FINAL, /* told, or cancelled */
};

struct llm {
    struct net_loop *loop;
    const struct llm_listener *listener;
    void *owner;
    struct route route;
    struct llm_settings settings; /* its texts are not kept */
    char *messages, *tools;
    struct net_timer *timer;
    struct desk_wait *wait; /* for a permit of `next` */
    enum llm_step step;
    struct llm_attempt attempts[2]; /* the first, and who is asked as well */
    struct llm_attempt *answering;
    uint64_t deadline_ms;
    size_t next;   /* in the route, to be asked */
    size_t last;   /* that was asked; the first of the route to begin with */
    bool is_again; /* `next` failed once, and is asked once more */
    bool insists;  /* second round: those whose circuits are open */
    bool was_asked[ROUTE_MAX];
    bool was_retried[ROUTE_MAX];
    unsigned first_ms; /* to the first token */
    bool is_busy;      /* inside a callback: freeing waits for its end */
    bool is_cancelled;
    bool is_too_long;            /* for somebody, and so for whoever takes no more */
    struct kept_failure failure; /* the newest */
};

/* routed_llm.c */
extern const struct llm_listener llm_attempt_listener; /* owner: the attempt */
/* Around every callback from the loop; leaving may free it. */
void llm_enter(struct llm *llm);
void llm_leave(struct llm *llm);
void llm_note_failure(struct llm *llm, const struct failure *failure); /* copied, its text too */
bool llm_is_too_long(const struct failure *failure);                   /* the question is; llm.h */

/* llm_choice.c: the next of the route is asked, or waited for, or the timer tells that nobody is left. */
void llm_choose(struct llm *llm);
/* `index` failed: nothing is under way and nothing was said. */
void llm_survive(struct llm *llm, size_t index);
/* Whether that would ask anybody. */
bool llm_may_survive(const struct llm *llm, size_t index);
/* The first one's token is late: whoever may be asked at once is asked as well. */
void llm_ask_second(struct llm *llm);
