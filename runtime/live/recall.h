/* What a call left behind in several places, as one history: what Postgres has of it (ERRAND_HISTORY), and rows that are still
   on their way there, of dead processes too (store/unsent.h). Pure: JSON in, JSON out. */
#pragma once

#include <jansson.h>

#include "store/unsent.h"

#define RECALL_LINES_MAX 60

/* `history` NULL: Postgres did not answer. Of the rows those count that are of this tenant, and not of the call that goes
   on. A line that is in both is told as the row says it, being newer; lines are in order, the newest RECALL_LINES_MAX.
   Takes `history`; NULL: nothing is known, or no memory. */
json_t *recall_merge_take(json_t *history, const struct unsent_row *rows, size_t count,
    const char *tenant_id, const char *call_id);
