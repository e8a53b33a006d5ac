/* Calls that are placed through the REST API: what Twilio takes, and the resource it answers with. The sandbox rings nobody: who
   answers, and what is told of it, is played by whoever looks at the control port (moonline call --answer-url). Pure. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "error_body.h"
#include "telephony/form.h"

must_use enum err placed_call_check(const struct form *form, struct api_error *error);
/* As `rest_call_create`, queued, with what was asked for: Url, callbacks, detection. */
json_t *placed_call_create(
    const struct form *form, const char *sid, const char *account, uint64_t wall_ms);
/* {"calls":[…]}, the newest first, narrowed by To, From and Status of the query. */
json_t *placed_calls_list(const json_t *calls, const struct form *query);
