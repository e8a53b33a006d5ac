/* What happens to providers, told to logs, counters and the route's witness in one manner, by slot. Keys are never in it. */
#pragma once

#include "routing/route.h"

enum incident_kind {
    INCIDENT_FAILED,
    INCIDENT_RETRY, /* the same one is asked once more */
    INCIDENT_NEXT,  /* `provider` is asked instead of `other`, which failed or was passed over */
    INCIDENT_HEDGE, /* or beside it */
    INCIDENT_LEFT_ALONE,  /* its circuit opened */
    INCIDENT_PASSED_OVER, /* its circuit is open: somebody else is looked for */
};

/* All of it is valid during the call only. */
struct route_incident {
    enum incident_kind kind;
    enum provider_slot slot;
    const char *provider;
    const char *other;             /* NULL: none */
    const struct failure *failure; /* of INCIDENT_FAILED; else NULL */
};

/* It did what it was asked for: answered a question, gave a transcript, spoke a segment. What the call gave up is not told. */
void incident_done(const struct route *route, size_t index);
/* What it was asked for began to come: a first token, a first sound; or is there: a transcript. */
void incident_waited(const struct route *route, size_t index, uint64_t ms);

/* Once per failure, where it is handled. What does not get better by itself is an error that says what to do, once a minute and
   thread for the same account, or the same tenant's model; meanwhile only who debugs is told. */
void incident_failed(const struct route *route, size_t index, const struct failure *failure);
void incident_retry(const struct route *route, size_t index); /* the same one, once more */
void incident_next(const struct route *route, size_t from, size_t to);
/* `to` is asked as well, because `from` is late. */
void incident_hedge(const struct route *route, size_t from, size_t to);
void incident_circuit_open(const struct route *route, size_t index, unsigned pause_ms);
/* To the witness only: it comes with every question until the circuit closes. */
void incident_passed_over(const struct route *route, size_t index);
void incident_permit_wait(const struct route *route, size_t index);
