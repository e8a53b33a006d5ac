/* A request that holds: whoever of the route gives the first token answers, and until then failures are survived.

       start ─► choose ─► (permit) ─► ask ─┬─ first token ─► it is the answer; others are cancelled
                  ▲                        ├─ later than usual ─► a second provider is asked as well (`hedge`)
                  │                        └─ failed ─► pause ─► the same once more, or
                  └──────── the next ◄──────────┘

   A question that is too long for one is asked of those only that take more, and else told at once.
   `answer_within_ms` bounds all of it (patience.h): while others are left, one has its share of what is left; the last may take
   what its own deadlines allow, for whoever waits gives up sooner. After the first token a failure is final, so that nothing
   is said twice, unless the owner knows that nothing was (`on_restart`). */
#include <stdlib.h>
#include <string.h>

#include "observe/metrics.h"
#include "routing/incident.h"
#include "routing/llm_request.h"
#include "routing/patience.h"
#include "routing/routed.h"
#include "routing/usage.h"

/* ---- life ---- */

static void destroy(struct llm *llm)
{
    net_timer_destroy(llm->timer);
    route_clear(&llm->route);
    free(llm->messages);
    free(llm->tools);
    free(llm);
}

void llm_enter(struct llm *llm)
{
    llm->is_busy = true;
}

void llm_leave(struct llm *llm)
{
    llm->is_busy = false;
    if (llm->is_cancelled)
        destroy(llm);
}

/* ---- attempts ---- */

static void warm_at(struct net_loop *loop, const struct route *route, size_t index)
{
    const struct provider *provider = route->list[index].provider;
    if (provider->driver->llm->warm)
        provider->driver->llm->warm(loop, &provider->llm);
}

static void stop(struct llm_attempt *attempt)
{
    attempt->ops->cancel(attempt->inner);
    attempt->inner = NULL;
}

/* Nobody waits for it any more. What was silent for long enough was late, whoever lost patience first. */
static void give_up(struct llm *llm, struct llm_attempt *attempt)
{
    if (!attempt->inner)
        return;
    static const struct failure late = {
        .kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "no first token in time"};
    unsigned waited_ms = (unsigned)(net_loop_now_ms(llm->loop) - attempt->started_ms);
    bool is_late = llm->answering != attempt && waited_ms >= PATIENCE_LATE_MS;
    stop(attempt);
    if (llm->answering != attempt)
        desk_lagged(llm->route.desk, &llm->route, attempt->index, waited_ms);
    if (is_late)
        incident_failed(&llm->route, attempt->index, &late);
    else if (llm->answering == attempt)
        incident_done(&llm->route, attempt->index);
    desk_leave(llm->route.desk, &llm->route, attempt->index, is_late ? &late : NULL,
        llm->answering == attempt ? llm->first_ms : 0);
    if (!is_late) /* to be cancelled costs the connection */
        warm_at(llm->loop, &llm->route, attempt->index);
}

static void give_up_others(struct llm *llm, const struct llm_attempt *winner)
{
    for (size_t i = 0; i < 2; i++)
        if (&llm->attempts[i] != winner)
            give_up(llm, &llm->attempts[i]);
}

static bool is_asking(const struct llm *llm)
{
    return llm->attempts[0].inner || llm->attempts[1].inner;
}

/* ---- the end ---- */

static void finish_failed(struct llm *llm)
{
    static const struct failure too_long = {.kind = FAILURE_REQUEST,
        .err = ERR_FULL,
        .why = "the messages are more than the model takes"};
    llm->step = STEP_FINAL;
    net_timer_clear(llm->timer);
    bool is_too_long = llm->is_too_long && !llm->answering; /* who asked can do something */
    llm->listener->on_failed(llm->owner, is_too_long ? &too_long : &llm->failure.of);
}

/* Of an answer that was none: nobody else hears of it. */
static void count_empty(const struct llm_attempt *attempt, const struct llm_usage *usage)
{
    if (usage->prompt_tokens || usage->completion_tokens)
        route_used(&attempt->request->route, attempt->index,
            &(struct usage_amount){.requests = 1,
                .prompt_tokens = usage->prompt_tokens,
                .cached_tokens = usage->cached_tokens,
                .completion_tokens = usage->completion_tokens});
}

bool llm_is_too_long(const struct failure *failure)
{
    return failure->kind == FAILURE_REQUEST && failure->err == ERR_FULL;
}

void llm_note_failure(struct llm *llm, const struct failure *failure)
{
    llm->is_too_long |= llm_is_too_long(failure);
    kept_failure_set(&llm->failure, failure);
}

/* ---- listening ---- */

/* The first of an answer: who gives it is the one. */
static void begin_answer(struct llm_attempt *attempt)
{
    struct llm *llm = attempt->request;
    if (llm->answering)
        return;
    llm->answering = attempt;
    llm->step = STEP_ANSWERING;
    llm->first_ms = (unsigned)(net_loop_now_ms(llm->loop) - attempt->started_ms);
    llm->first_ms += !llm->first_ms;
    incident_waited(&llm->route, attempt->index, llm->first_ms);
    net_timer_clear(llm->timer);
    give_up_others(llm, attempt);
    if (attempt == &llm->attempts[1])
        metric_add(METRIC_HEDGES_WON, 1);
    if (llm->listener->on_source)
        llm->listener->on_source(llm->owner, route_provider(&llm->route, attempt->index),
            route_model(&llm->route, attempt->index));
}

static void on_text(void *owner, struct slice text)
{
    struct llm_attempt *attempt = owner;
    struct llm *llm = attempt->request;
    llm_enter(llm);
    begin_answer(attempt);
    if (!llm->is_cancelled)
        llm->listener->on_text(llm->owner, text);
    llm_leave(llm);
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct llm_attempt *attempt = owner;
    struct llm *llm = attempt->request;
    llm_enter(llm);
    begin_answer(attempt);
    if (!llm->is_cancelled)
        llm->listener->on_tool_call(llm->owner, id, name, arguments);
    llm_leave(llm);
}

/* An answer that broke off, and its owner is given another. */
static bool begins_anew(struct llm *llm, size_t index)
{
    const struct llm_listener *listener = llm->listener;
    if (!listener->on_restart || !llm_may_survive(llm, index) || !listener->on_restart(llm->owner))
        return false;
    llm->answering = NULL;
    return true;
}

static void attempt_failed(struct llm_attempt *attempt, const struct failure *failure)
{
    struct llm *llm = attempt->request;
    size_t index = attempt->index;
    llm_note_failure(llm, failure); /* it may live in `inner` */
    incident_failed(&llm->route, index, failure);
    desk_leave(llm->route.desk, &llm->route, index, failure, 0);
    if (attempt->inner)
        stop(attempt);
    bool is_final = llm->answering && !begins_anew(llm, index);
    if (llm->is_cancelled)
        return;
    if (is_final)
        finish_failed(llm);
    else if (!is_asking(llm))
        llm_survive(llm, index);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct llm_attempt *attempt = owner;
    struct llm *llm = attempt->request;
    llm_enter(llm);
    attempt_failed(attempt, failure);
    llm_leave(llm);
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct llm_attempt *attempt = owner;
    struct llm *llm = attempt->request;
    llm_enter(llm);
    if (!llm->answering) {
        count_empty(attempt, usage);
        attempt_failed(attempt,
            &(struct failure){.kind = FAILURE_GARBLED, .err = ERR_BAD, .why = "empty answer"});
        llm_leave(llm);
        return;
    }
    struct llm_usage told = *usage;
    stop(attempt);
    incident_done(&llm->route, attempt->index);
    desk_leave(llm->route.desk, &llm->route, attempt->index, NULL, llm->first_ms);
    llm->step = STEP_FINAL;
    llm->listener->on_done(llm->owner, &told);
    llm_leave(llm);
}

const struct llm_listener llm_attempt_listener = {
    .on_text = on_text, .on_tool_call = on_tool_call, .on_done = on_done, .on_failed = on_failed};

static void on_timer(void *owner)
{
    struct llm *llm = owner;
    llm_enter(llm);
    switch (llm->step) {
    case STEP_CHOOSING:
        llm_choose(llm);
        break;
    case STEP_ASKING:
        llm_ask_second(llm);
        break;
    case STEP_FAILING:
        finish_failed(llm);
        break;
    case STEP_ANSWERING:
    case STEP_FINAL:
        break;
    }
    llm_leave(llm);
}

/* ---- the interface ---- */

static enum err init(struct llm *llm, struct net_loop *loop, const struct llm_settings *settings,
    struct slice messages, struct slice tools)
{
    static const struct failure nobody = {
        .kind = FAILURE_OURS, .err = ERR_FULL, .why = "as many requests are under way as may be"};
    unsigned within_ms = settings->answer_within_ms;
    llm->loop = loop;
    llm->settings = *settings;
    llm->messages = slice_dup(messages);
    llm->tools = slice_dup(tools);
    llm->deadline_ms = net_loop_now_ms(llm->loop) + (within_ms ? within_ms : PATIENCE_ANSWER_MS);
    route_copy(&llm->route, settings->route);
    llm_note_failure(llm, &nobody);
    if (!llm->messages || !llm->tools)
        return ERR_NOMEM;
    return net_timer_create(&llm->timer, loop, on_timer, llm);
}

static enum err start(struct llm **out, struct net_loop *loop, const struct llm_settings *settings,
    struct slice messages, struct slice tools, const struct llm_listener *listener, void *owner)
{
    if (!settings->route->count)
        return ERR_NOT_FOUND;
    struct llm *llm = calloc(1, sizeof *llm);
    if (!llm)
        return ERR_NOMEM;
    llm->listener = listener;
    llm->owner = owner;
    enum err err = init(llm, loop, settings, messages, tools);
    if (err) {
        destroy(llm);
        return err;
    }
    llm_choose(llm);
    *out = llm;
    return ERR_OK;
}

static void cancel(struct llm *llm)
{
    llm->step = STEP_FINAL;
    llm->is_cancelled = true;
    net_timer_clear(llm->timer);
    desk_wait_cancel(llm->wait);
    llm->wait = NULL;
    give_up_others(llm, NULL);
    if (!llm->is_busy)
        destroy(llm);
}

/* Where the next request will probably go. */
static void warm(struct net_loop *loop, const struct llm_settings *settings)
{
    const struct route *route = settings->route;
    size_t index = 0;
    while (index < route->count && desk_is_open(route->desk, route, index))
        index++;
    if (index < route->count)
        warm_at(loop, route, index);
}

const struct llm_ops routed_llm = {"routed", start, cancel, warm};
