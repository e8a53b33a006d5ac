/* What the tables of migration 7 say of businesses, as scripts are told it: for prompts, ahead of need. */
#pragma once

#include "store/database.h"

#define BUSINESS_TENANTS_MAX 64 /* in one question */

/* A row a tenant: its id, and a JSON object in the shapes of a script's `profile`. `hours` (the business's own, by weekday),
   `services` and `staff` are there where the tenant has such rows; `holidays` are those of the next three weeks. */
must_use enum err business_ask(struct query **out, struct database *database,
    const char *const *tenant_ids, size_t count, unsigned timeout_ms, query_fn *fn, void *owner);
