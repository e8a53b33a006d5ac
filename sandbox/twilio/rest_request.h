/* What Twilio's REST API accepts for messages and call updates, and the resources it answers with. Pure. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "error_body.h"
#include "telephony/form.h"

/* "+" and 8 to 15 digits. */
bool rest_is_number(struct slice text);
must_use enum err rest_message_check(const struct form *form, struct api_error *error);
json_t *rest_message_create(
    const struct form *form, const char *sid, const char *account, uint64_t wall_ms);
/* The message as it stands now: queued, then sent, then delivered. A new reference. */
json_t *rest_message_now(const json_t *message, uint64_t wall_ms);

/* Whether a query (To, From) leaves it in the list. */
bool rest_message_fits(const json_t *message, const struct form *query);

/* Of a list: 50, or what the query says, 1000 at most. */
size_t rest_page_size(const struct form *query);

/* A call the sandbox was told of by an update; it did not place it. */
json_t *rest_call_create(const char *sid, const char *account, uint64_t wall_ms);
/* Checks and applies an update; ERR_BAD with the error to answer. */
must_use enum err rest_call_update(
    json_t *call, const struct form *form, uint64_t wall_ms, struct api_error *error);
