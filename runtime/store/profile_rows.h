/* What the tables of migration 7 say of a tenant's business, where they win over its script's profile: for people. */
#pragma once

#include "store/database.h"

/* Rows of three columns, for people: the field ("hours.monday"), its value, and the table it is in. */
must_use enum err profile_rows_ask(struct query **out, struct database *database,
    const char *tenant_id, unsigned timeout_ms, query_fn *fn, void *owner);
