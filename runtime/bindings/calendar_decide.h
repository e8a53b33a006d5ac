/* What an answer of CALENDAR_READ (store/calendar_sql.h) means for a request. */
#pragma once

#include "bindings/calendar_request.h"

/* Fills the schedule and, for an appointment, judges the wish. No rows: without a database, of a new one, the profile
   alone is known. */
void calendar_decide(struct calendar_request *request, const struct rows *rows);
/* Other times near the one that could not be had. */
size_t calendar_offers(struct slot out[SLOTS_MAX], const struct calendar_request *request);
