/* What calls used of providers (migration 10), summed for people; and what tenants may spend, with what they have. */
#pragma once

#include "base/strbuf.h"
#include "store/database.h"

enum usage_by { USAGE_BY_DAY, USAGE_BY_CALL, USAGE_BY_PROVIDER, USAGE_BYS };
bool usage_by_of(
    struct slice name, enum usage_by *by); /* "day", "call", "provider"; false: none of them */

#define USAGE_ROWS_MAX 10000 /* newest first */

struct usage_question {
    struct slice tenant_id; /* empty: all */
    struct slice from,
        to; /* days by the tenants' own clocks, "2026-01-31", both included; empty: no bound */
    enum usage_by by;
};
bool usage_is_day(struct slice text);
/* Columns: tenant, then what `by` says (day; day, call; slot, provider, model), then calls, seconds, characters, input_tokens,
   cached_tokens, output_tokens, is_estimated, cost_usd (null: no price was known), unpriced (lines without one). */
must_use enum err usage_ask(struct query **out, struct database *database,
    const struct usage_question *question, unsigned timeout_ms, query_fn *fn, void *owner);
void usage_csv(struct strbuf *out, const struct rows *rows);  /* with a line of names first */
void usage_json(struct strbuf *out, const struct rows *rows); /* {"usage":[{…}]} */

/* Rows of tenant_id, period ("day", "month"), limit_micro_usd, limit_seconds (null: no limit), micro_usd and seconds that were
   spent since the period began, time_zone by which it did. `at`: as if it were that time; empty: now. Tenant "": all. */
must_use enum err budgets_ask(struct query **out, struct database *database, const char *tenant_id,
    const char *at, unsigned timeout_ms, query_fn *fn, void *owner);
/* Numbers as text; NULL data: that limit stays. */
must_use enum err budget_set(struct query **out, struct database *database, const char *tenant_id,
    const char *period, struct slice micro_usd, struct slice seconds, unsigned timeout_ms,
    query_fn *fn, void *owner);
must_use enum err budget_clear(struct query **out, struct database *database, const char *tenant_id,
    unsigned timeout_ms, query_fn *fn, void *owner);
