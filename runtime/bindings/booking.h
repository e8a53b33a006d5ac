/* What becomes of a wish for an appointment, by everything that is known of the calendar. Pure. */
#pragma once

#include "bindings/slots.h"

enum booking_verdict {
    BOOKING_FREE, /* `staff` can take it */
    BOOKING_OWN,  /* it is this one already */
    BOOKING_TAKEN,
    BOOKING_CLOSED,
    BOOKING_PAST,
    BOOKING_UNKNOWN_SERVICE,
    BOOKING_UNKNOWN_STAFF,
    BOOKING_WRONG_STAFF, /* does not do that service */
    BOOKING_UNKNOWN_APPOINTMENT,
};

/* The word scripts get: "taken", "closed", … */
const char *booking_code(enum booking_verdict verdict);
const char *booking_message(enum booking_verdict verdict);

/* How long a service takes and who may do it. Without a service: one step of the calendar, by anybody. */
struct booking_terms {
    const struct schedule_service *service; /* NULL: none */
    unsigned minutes, buffer_minutes;
    uint32_t staff_mask;
};

/* Empty names: no wish. BOOKING_FREE: `out` is filled. */
enum booking_verdict booking_find_terms(struct booking_terms *out, const struct schedule *schedule,
    struct slice service, struct slice staff);
/* Whether that time can be had. BOOKING_FREE: `*staff` is who takes it. */
enum booking_verdict booking_decide(int *staff, const struct schedule *schedule,
    const struct zone *zone, const struct booking_terms *terms, int64_t start_s, int64_t now_s);
