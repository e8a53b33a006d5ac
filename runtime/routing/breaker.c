#include "routing/breaker.h"

static unsigned at_most(unsigned value, unsigned limit)
{
    return value < limit ? value : limit;
}

/* ---- the window ---- */

static void move_window(struct breaker *breaker, uint64_t now_ms)
{
    uint64_t age_ms = now_ms - breaker->newer_ms;
    if (age_ms < BREAKER_WINDOW_MS / 2)
        return;
    bool is_old = age_ms >= BREAKER_WINDOW_MS;
    breaker->older = is_old ? (struct breaker_count){0} : breaker->newer;
    breaker->newer = (struct breaker_count){0};
    breaker->newer_ms = now_ms;
}

static bool has_failed_enough(const struct breaker *breaker)
{
    unsigned failures = breaker->newer.failures + breaker->older.failures;
    return failures >= BREAKER_FAILURES &&
           failures >= breaker->newer.successes + breaker->older.successes;
}

/* ---- states ---- */

static void enter_closed(struct breaker *breaker)
{
    *breaker = (struct breaker){.state = BREAKER_CLOSED, .newer_ms = breaker->newer_ms};
}

static void enter_open(struct breaker *breaker, unsigned pause_ms, uint64_t now_ms)
{
    breaker->state = BREAKER_OPEN;
    breaker->until_ms = now_ms + pause_ms;
}

static unsigned next_pause_ms(const struct breaker *breaker, const struct failure *failure)
{
    unsigned pause_ms = breaker->pause_ms ? breaker->pause_ms * 2 : BREAKER_PAUSE_MS;
    if (failure_rule(failure->kind)->opens && pause_ms < BREAKER_PEOPLE_PAUSE_MS)
        pause_ms = BREAKER_PEOPLE_PAUSE_MS;
    return at_most(pause_ms, BREAKER_PAUSE_MAX_MS);
}

/* What a busy provider asks for; short waits are the request's own affair. */
static unsigned asked_pause_ms(const struct failure *failure)
{
    bool is_asked = failure->kind == FAILURE_BUSY && failure->retry_after_ms > 1000;
    return is_asked ? at_most(failure->retry_after_ms, BREAKER_PAUSE_MAX_MS) : 0;
}

static void open_for(struct breaker *breaker, const struct failure *failure, uint64_t now_ms)
{
    unsigned asked_ms = asked_pause_ms(failure);
    if (!asked_ms)
        breaker->pause_ms = next_pause_ms(breaker, failure);
    enter_open(breaker, asked_ms ? asked_ms : breaker->pause_ms, now_ms);
}

static bool failed_when_closed(
    struct breaker *breaker, const struct failure *failure, uint64_t now_ms)
{
    const struct failure_rule *rule = failure_rule(failure->kind);
    move_window(breaker, now_ms);
    breaker->newer.failures += rule->counts;
    if (!rule->opens && !asked_pause_ms(failure) && !(rule->counts && has_failed_enough(breaker)))
        return false;
    open_for(breaker, failure, now_ms);
    return true;
}

static void failed_when_probing(
    struct breaker *breaker, const struct failure *failure, uint64_t now_ms)
{
    const struct failure_rule *rule = failure_rule(failure->kind);
    if (rule->counts || rule->opens)
        open_for(breaker, failure, now_ms);
    else if (failure->kind == FAILURE_REQUEST)
        enter_closed(breaker);
    else
        breaker_gave_up(breaker, now_ms);
}

/* ---- what happens ---- */

bool breaker_lets(const struct breaker *breaker, uint64_t now_ms)
{
    return breaker->state == BREAKER_CLOSED || now_ms >= breaker->until_ms;
}

void breaker_ask(struct breaker *breaker, uint64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED)
        return;
    breaker->state = BREAKER_PROBING;
    breaker->until_ms = now_ms + BREAKER_PROBE_MS;
}

void breaker_succeeded(struct breaker *breaker, uint64_t now_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        move_window(breaker, now_ms);
        breaker->newer.successes++;
        return;
    case BREAKER_OPEN: /* it was asked before */
        return;
    case BREAKER_PROBING:
        enter_closed(breaker);
        return;
    }
}

bool breaker_failed(struct breaker *breaker, const struct failure *failure, uint64_t now_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return failed_when_closed(breaker, failure, now_ms);
    case BREAKER_OPEN: /* it was asked before */
        if (breaker->until_ms < now_ms + asked_pause_ms(failure))
            breaker->until_ms = now_ms + asked_pause_ms(failure);
        return false;
    case BREAKER_PROBING:
        failed_when_probing(breaker, failure, now_ms);
        return false;
    }
    return false;
}

void breaker_gave_up(struct breaker *breaker, uint64_t now_ms)
{
    if (breaker->state == BREAKER_PROBING)
        breaker->until_ms = now_ms;
}
