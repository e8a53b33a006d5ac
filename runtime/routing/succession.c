#include "routing/succession.h"

#include "routing/desk.h"
#include "routing/incident.h"

#define PAUSE_MS 200       /* after something that may be over with the next try */
#define LONG_PAUSE_MS 3000 /* it did not answer: it is busy, or worse */
#define PAUSE_MAX_MS 8000
#define FOR_GOOD_MS 60000
#define FULL_DESK_MS 250 /* until the desk is asked again */

static uint64_t pause_ms(const struct failure *failure, unsigned failures)
{
    const struct failure_rule *rule = failure_rule(failure->kind);
    if (rule->is_for_people)
        return FOR_GOOD_MS;
    uint64_t pause = rule->is_worth_again ? PAUSE_MS : LONG_PAUSE_MS;
    for (unsigned i = 1; i < failures && pause < PAUSE_MAX_MS; i++)
        pause *= 2;
    if (pause > PAUSE_MAX_MS)
        pause = PAUSE_MAX_MS;
    return failure->retry_after_ms > pause ? failure->retry_after_ms : pause;
}

void succession_failed(struct succession *succession, const struct route *route, size_t index,
    const struct failure *failure, uint64_t now_ms)
{
    incident_failed(route, index, failure);
    unsigned failures = ++succession->list[index].failures;
    succession->list[index].not_before_ms = now_ms + pause_ms(failure, failures);
    succession->list[index].is_for_good = failure_rule(failure->kind)->is_for_people;
}

void succession_worked(struct succession *succession, size_t index)
{
    succession->list[index].failures = 0;
    succession->list[index].not_before_ms = 0;
}

static size_t enter_by(struct succession *succession, const struct route *route, unsigned among,
    uint64_t now_ms, enum desk_verdict (*enter)(struct desk *, const struct route *, size_t))
{
    for (size_t i = 0; i < route->count; i++) {
        bool may_be_asked = among & 1u << i && succession->list[i].not_before_ms <= now_ms;
        enum desk_verdict verdict = may_be_asked ? enter(route->desk, route, i) : DESK_FULL;
        if (verdict == DESK_OPEN)
            incident_passed_over(route, i);
        if (verdict != DESK_ENTERED)
            continue;
        succession->list[i].is_for_good = false;
        return i;
    }
    return SUCCESSION_NOBODY;
}

size_t succession_enter(
    struct succession *succession, const struct route *route, unsigned among, uint64_t now_ms)
{
    return enter_by(succession, route, among, now_ms, desk_enter);
}

size_t succession_insist(struct succession *succession, const struct route *route, uint64_t now_ms)
{
    size_t index = succession_enter(succession, route, ~0u, now_ms);
    if (index == SUCCESSION_NOBODY)
        index = enter_by(succession, route, ~0u, now_ms, desk_insist);
    for (size_t i = 0; index == SUCCESSION_NOBODY && i < route->count; i++)
        if (succession->list[i].not_before_ms <= now_ms)
            succession->list[i].not_before_ms = now_ms + FULL_DESK_MS;
    return index;
}

void succession_tell(const struct route *route, size_t from, size_t to)
{
    if (from == to)
        incident_retry(route, to);
    else
        incident_next(route, from, to);
}

uint64_t succession_due_ms(const struct succession *succession, const struct route *route)
{
    uint64_t due_ms = UINT64_MAX;
    for (size_t i = 0; i < route->count; i++)
        if (succession->list[i].not_before_ms < due_ms)
            due_ms = succession->list[i].not_before_ms;
    return due_ms;
}

bool succession_is_over(const struct succession *succession, const struct route *route)
{
    for (size_t i = 0; i < route->count; i++)
        if (!succession->list[i].is_for_good)
            return false;
    return true;
}
