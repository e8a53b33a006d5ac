/* GET /api/usage?tenant=&from=&to=&by=day|call|provider: what calls used of providers and what that cost, as JSON; as CSV from
   /api/usage.csv. The database is asked: 503 when it does not answer. */
#pragma once

#include "net/server.h"
#include "store/database.h"

struct admin_usage;
must_use enum err admin_usage_create(struct admin_usage **out, struct database *database);
/* False: that path is somebody else's. */
bool admin_usage_answer(
    struct admin_usage *usage, struct exchange *exchange, const struct http_request *request);
void admin_usage_cancelled(struct admin_usage *usage, struct exchange *exchange);
void admin_usage_destroy(struct admin_usage *usage); /* NULL is fine */
