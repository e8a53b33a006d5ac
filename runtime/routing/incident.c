#include "routing/incident.h"

#include <stdio.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/provider_metrics.h"
#include "routing/desk.h"
#include "routing/reminders.h"

static enum provider_slot slot_of(const struct route *route, size_t index)
{
    return route->list[index].provider->driver->slot;
}

/* `hear`: of its row's three, which stand in the order of slots. */
static void count(enum metric hear, const struct route *route, size_t index)
{
    metric_add((enum metric)(hear + slot_of(route, index)), 1);
}

static struct provider_metrics *metrics_of(const struct route *route, size_t index)
{
    return provider_metrics_of(slot_of(route, index), route_provider(route, index));
}

static void tell(const struct route *route, enum incident_kind kind, size_t index,
    const char *other, const struct failure *failure)
{
    if (!route->witness.told)
        return;
    route->witness.told(route->witness.owner, &(struct route_incident){.kind = kind,
                                                  .slot = slot_of(route, index),
                                                  .provider = route_provider(route, index),
                                                  .other = other,
                                                  .failure = failure});
}

void incident_done(const struct route *route, size_t index)
{
    provider_metrics_ended(metrics_of(route, index), PROVIDER_OK);
}

void incident_waited(const struct route *route, size_t index, uint64_t ms)
{
    provider_metrics_waited_ms(metrics_of(route, index), (double)ms);
}

static enum provider_outcome outcome_of(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_LATE:
        return PROVIDER_TIMEOUT;
    case FAILURE_BUSY:
    case FAILURE_QUOTA:
    case FAILURE_KEY:
    case FAILURE_REQUEST:
        return PROVIDER_REFUSED;
    case FAILURE_NETWORK:
    case FAILURE_CUT:
    case FAILURE_GARBLED:
    case FAILURE_BROKEN:
    case FAILURE_OURS:
        return PROVIDER_FAILED;
    }
    return PROVIDER_FAILED;
}

static const char *advice(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_QUOTA:
        return "the account has nothing left: add credit, or put another provider beside it";
    case FAILURE_KEY:
        return "the key is wrong or may not do this: set another one";
    case FAILURE_REQUEST:
        return "the provider refuses the request: look at its model, voice, path, quirks and "
               "length";
    case FAILURE_NETWORK:
    case FAILURE_LATE:
    case FAILURE_CUT:
    case FAILURE_GARBLED:
    case FAILURE_BUSY:
    case FAILURE_BROKEN:
    case FAILURE_OURS:
        return "";
    }
    return "";
}

/* An account is everybody's, a request its tenant's. */
static enum log_level level_of(
    const struct route *route, size_t index, const struct failure *failure, unsigned *untold)
{
    const struct failure_rule *rule = failure_rule(failure->kind);
    bool is_request = failure->kind == FAILURE_REQUEST;
    char subject[REMINDER_SUBJECT_SIZE];
    *untold = 0;
    if (!rule->is_for_people)
        return LOG_WARN;
    snprintf(subject, sizeof subject, "%s %s %s %s %s %s", slot_name(slot_of(route, index)),
        rule->name, route_provider(route, index), is_request ? route->tenant_id : "",
        is_request ? route_model(route, index) : "", route_key_source(route, index));
    return desk_reminds(route->desk, subject, untold) ? LOG_ERROR : LOG_DEBUG;
}

void incident_failed(const struct route *route, size_t index, const struct failure *failure)
{
    unsigned untold;
    enum log_level level = level_of(route, index, failure, &untold);
    count(METRIC_PROVIDER_FAILURES_HEAR, route, index);
    provider_metrics_ended(metrics_of(route, index), outcome_of(failure->kind));
    log_event(level, "provider.failed",
        "call=%s tenant=%s slot=%s provider=%s model=%s kind=%s status=%d retry_after_ms=%u err=%s "
        "key=%s why=%s advice=%s untold=%u",
        route->call_id, route->tenant_id, slot_name(slot_of(route, index)),
        route_provider(route, index), route_model(route, index), failure_rule(failure->kind)->name,
        failure->status, failure->retry_after_ms, err_name(failure->err),
        route_key_source(route, index), failure->why, advice(failure->kind), untold);
    tell(route, INCIDENT_FAILED, index, NULL, failure);
}

void incident_retry(const struct route *route, size_t index)
{
    count(METRIC_PROVIDER_RETRIES_HEAR, route, index);
    log_info("provider.retry", "call=%s slot=%s provider=%s", route->call_id,
        slot_name(slot_of(route, index)), route_provider(route, index));
    tell(route, INCIDENT_RETRY, index, NULL, NULL);
}

void incident_next(const struct route *route, size_t from, size_t to)
{
    count(METRIC_PROVIDER_FALLBACKS_HEAR, route, to);
    log_info("provider.next", "call=%s slot=%s provider=%s instead_of=%s", route->call_id,
        slot_name(slot_of(route, to)), route_provider(route, to), route_provider(route, from));
    tell(route, INCIDENT_NEXT, to, route_provider(route, from), NULL);
}

void incident_hedge(const struct route *route, size_t from, size_t to)
{
    metric_add(METRIC_HEDGES_STARTED, 1);
    log_info("provider.hedge", "call=%s slot=%s provider=%s beside=%s", route->call_id,
        slot_name(slot_of(route, to)), route_provider(route, to), route_provider(route, from));
    tell(route, INCIDENT_HEDGE, to, route_provider(route, from), NULL);
}

void incident_circuit_open(const struct route *route, size_t index, unsigned pause_ms)
{
    count(METRIC_CIRCUITS_OPENED_HEAR, route, index);
    log_warn("provider.circuit_open", "call=%s tenant=%s slot=%s provider=%s pause_ms=%u",
        route->call_id, route->tenant_id, slot_name(slot_of(route, index)),
        route_provider(route, index), pause_ms);
    tell(route, INCIDENT_LEFT_ALONE, index, NULL, NULL);
}

void incident_passed_over(const struct route *route, size_t index)
{
    tell(route, INCIDENT_PASSED_OVER, index, NULL, NULL);
}

void incident_permit_wait(const struct route *route, size_t index)
{
    count(METRIC_PERMIT_WAITS_HEAR, route, index);
    log_info("provider.permit_wait", "call=%s slot=%s provider=%s most_at_once=%u", route->call_id,
        slot_name(slot_of(route, index)), route_provider(route, index),
        route->list[index].provider->most_at_once);
}
