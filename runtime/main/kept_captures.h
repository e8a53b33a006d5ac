/* Captured calls below MOONLINE_DATA/captures, as erasure and operators look at them. */
#pragma once

#include <stdbool.h>

#include "store/database.h"

/* Removes those of the calls that the rows name (tenant_id, call_id). How many files there were. */
size_t kept_captures_erase(const char *data, const struct rows *calls);

/* Removes what is older than the rows say (tenant_id, days). */
void kept_captures_age(const char *data, const struct rows *days);

bool kept_captures_is_one(const char *path); /* finished or under way, by its name */
enum kept_captures_answer {
    KEPT_CAPTURE_SILENT,
    KEPT_CAPTURE_TELLS,
    KEPT_CAPTURE_SEALED, /* and its tenant's key is not below `secrets`, or is another */
    KEPT_CAPTURE_UNREAD, /* some of it */
};
/* Whether `tells` says so of any of its texts; sound is not heard. */
enum kept_captures_answer kept_captures_look(
    const char *path, const char *secrets, bool (*tells)(struct slice text));
