/* Whom a request asks: in the order of the route, past circuits that are open and keys that are busy, for as long as there is time. */
#include "routing/incident.h"
#include "routing/llm_request.h"
#include "routing/patience.h"

static uint64_t now_ms(const struct llm *llm)
{
    return net_loop_now_ms(llm->loop);
}

static unsigned left_ms(const struct llm *llm)
{
    uint64_t now = now_ms(llm);
    return llm->deadline_ms > now ? (unsigned)(llm->deadline_ms - now) : 0;
}

/* ---- what comes next ---- */

static void go_on_at(struct llm *llm, uint64_t at_ms)
{
    llm->step = STEP_CHOOSING;
    net_timer_set(llm->timer, at_ms);
}

/* Somebody beside `index` was not asked yet, and is in order as far as is known: worth hurrying for. */
static bool has_others(const struct llm *llm, size_t index)
{
    for (size_t i = 0; i < llm->route.count; i++)
        if (i != index && !llm->was_asked[i] && !desk_is_open(llm->route.desk, &llm->route, i))
            return true;
    return false;
}

static bool were_all_asked(const struct llm *llm)
{
    for (size_t i = 0; i < llm->route.count; i++)
        if (!llm->was_asked[i])
            return false;
    return true;
}

static void fail_soon(struct llm *llm)
{
    llm->step = STEP_FAILING;
    net_timer_set(llm->timer, now_ms(llm));
}

static unsigned takes_tokens(const struct llm *llm, size_t index)
{
    unsigned own = llm->route.list[index].provider->llm.context_tokens;
    return own ? own : LLM_CONTEXT_TOKENS;
}

/* Who takes no more than `index`, to whom it was too long, would say the same: whoever asked shortens it sooner. */
static void pass_over_no_longer(struct llm *llm, size_t index)
{
    for (size_t i = 0; i < llm->route.count; i++)
        llm->was_asked[i] |= takes_tokens(llm, i) <= takes_tokens(llm, index);
}

static bool may_ask_again(const struct llm *llm, size_t index, unsigned *pause_ms)
{
    return !llm->was_retried[index] &&
           patience_again(&llm->failure.of, left_ms(llm), has_others(llm, index), pause_ms);
}

static bool may_ask_another(const struct llm *llm)
{
    return !were_all_asked(llm) && left_ms(llm) >= PATIENCE_WORTH_MS;
}

bool llm_may_survive(const struct llm *llm, size_t index)
{
    unsigned pause_ms;
    return may_ask_again(llm, index, &pause_ms) || may_ask_another(llm);
}

void llm_survive(struct llm *llm, size_t index)
{
    unsigned pause_ms;
    if (llm_is_too_long(&llm->failure.of))
        pass_over_no_longer(llm, index);
    if (may_ask_again(llm, index, &pause_ms)) {
        llm->was_retried[index] = true;
        llm->is_again = true;
        llm->next = index;
        go_on_at(llm, now_ms(llm) + pause_ms);
    } else if (may_ask_another(llm)) {
        llm->next = 0;
        go_on_at(llm, now_ms(llm));
    } else {
        fail_soon(llm);
    }
}

/* ---- asking ---- */

static void cut(unsigned *timeout_ms, unsigned limit_ms)
{
    if (!*timeout_ms || limit_ms < *timeout_ms)
        *timeout_ms = limit_ms;
}

/* The provider's own deadlines, cut to its share of the time while somebody else could still answer. */
static struct llm_settings settings_of(const struct llm *llm, size_t index)
{
    struct llm_settings own = route_llm(&llm->route, index, &llm->settings);
    unsigned share_ms = patience_share_ms(left_ms(llm), has_others(llm, index));
    if (share_ms) {
        cut(&own.first_token_timeout_ms, share_ms);
        cut(&own.connect_timeout_ms, share_ms);
    }
    return own;
}

/* The desk has let it in. */
static bool ask(struct llm *llm, struct llm_attempt *attempt, size_t index)
{
    llm->was_asked[index] = true;
    struct llm_settings own = settings_of(llm, index);
    *attempt = (struct llm_attempt){.request = llm,
        .ops = llm->route.list[index].provider->driver->llm,
        .index = index,
        .started_ms = now_ms(llm)};
    enum err err = attempt->ops->start(&attempt->inner, llm->loop, &own, slice_from(llm->messages),
        slice_from(llm->tools), &llm_attempt_listener, attempt);
    if (!err)
        return true;
    attempt->inner = NULL;
    struct failure failure = {.kind = FAILURE_OURS, .err = err, .why = "request could not be made"};
    if (err == ERR_BAD)
        failure.kind = FAILURE_REQUEST;
    llm_note_failure(llm, &failure);
    incident_failed(&llm->route, index, &failure);
    desk_leave(llm->route.desk, &llm->route, index, &failure, 0);
    return false;
}

/* When the second is asked, unless the first has begun; 0: never. */
static uint64_t hedge_at_ms(const struct llm *llm, size_t index)
{
    bool may = llm->route.list[index].provider->hedge && has_others(llm, index);
    unsigned wait_ms =
        may ? patience_hedge_ms(desk_usual_ms(llm->route.desk, &llm->route, index)) : 0;
    return wait_ms ? now_ms(llm) + wait_ms : 0;
}

static void ask_first(struct llm *llm, size_t index)
{
    if (llm->is_again)
        incident_retry(&llm->route, index);
    else if (index != llm->last)
        incident_next(&llm->route, llm->last, index);
    llm->last = index;
    llm->is_again = false;
    llm->step = STEP_ASKING;
    if (!ask(llm, &llm->attempts[0], index)) {
        llm_survive(llm, index);
        return;
    }
    uint64_t at_ms = hedge_at_ms(llm, index);
    if (at_ms)
        net_timer_set(llm->timer, at_ms);
}

void llm_ask_second(struct llm *llm)
{
    for (size_t i = 0; i < llm->route.count; i++) {
        if (llm->was_asked[i] || desk_enter(llm->route.desk, &llm->route, i) != DESK_ENTERED)
            continue;
        if (ask(llm, &llm->attempts[1], i)) {
            incident_hedge(&llm->route, llm->attempts[0].index, i);
            llm->last = i;
            return;
        }
    }
}

/* ---- choosing ---- */

static void on_permit(void *owner, enum desk_verdict verdict)
{
    struct llm *llm = owner;
    size_t index = llm->next;
    llm->wait = NULL;
    llm_enter(llm);
    if (verdict == DESK_ENTERED) {
        ask_first(llm, index);
    } else {
        llm->is_again = false;
        llm->next = index + 1;
        llm_choose(llm);
    }
    llm_leave(llm);
}

static bool wait_for_permit(struct llm *llm, size_t index)
{
    unsigned wait_ms = patience_permit_ms(left_ms(llm), has_others(llm, index));
    llm->next = index;
    return wait_ms && desk_wait(&llm->wait, llm->route.desk, &llm->route, index,
                          now_ms(llm) + wait_ms, on_permit, llm) == ERR_OK;
}

/* True: `index` is asked or waited for. */
static bool try(struct llm *llm, size_t index)
{
    struct desk *desk = llm->route.desk;
    enum desk_verdict verdict =
        llm->insists ? desk_insist(desk, &llm->route, index) : desk_enter(desk, &llm->route, index);
    switch (verdict) {
    case DESK_ENTERED:
        ask_first(llm, index);
        return true;
    case DESK_OPEN:
        incident_passed_over(&llm->route, index);
        return false;
    case DESK_FULL:
        return wait_for_permit(llm, index);
    }
    return false;
}

/* From `next` on, in order; then those whose circuits were open, because asking them is better than silence. */
void llm_choose(struct llm *llm)
{
    if (llm->is_again && try(llm, llm->next))
        return;
    if (llm->is_again)
        llm->next = 0;
    llm->is_again = false;
    for (int round = llm->insists; round < 2; round++) {
        llm->insists = round > 0;
        for (size_t i = llm->next; i < llm->route.count; i++)
            if (!llm->was_asked[i] && try(llm, i))
                return;
        llm->next = 0;
    }
    fail_soon(llm);
}
