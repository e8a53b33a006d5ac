#include "store/usage.h"

#include <ctype.h>
#include <string.h>

#define TEXT_OF(macro) TEXT_OF_VALUE(macro)
#define TEXT_OF_VALUE(value) #value

/* ---- reports ---- */

/* A day is the tenant's: of the first use of what the row is about. */
#define REPORT(keys, order)                                                                        \
    "with zones as materialized (select id, zone_or_utc(time_zone) as zone from tenants)"          \
    " select u.tenant_id as tenant, " keys ", count(distinct u.call_id) as calls,"                 \
    " coalesce(sum(u.seconds), 0) as seconds,"                                                     \
    " coalesce(sum(u.characters), 0)::bigint as characters,"                                       \
    " coalesce(sum(u.input_tokens), 0)::bigint as input_tokens,"                                   \
    " coalesce(sum(u.cached_tokens), 0)::bigint as cached_tokens,"                                 \
    " coalesce(sum(u.output_tokens), 0)::bigint as output_tokens,"                                 \
    " coalesce(bool_or(u.is_estimated), false) as is_estimated,"                                   \
    " round(sum(u.cost_micro_usd) / 1000000, 6) as cost_usd,"                                      \
    " count(*) filter (where u.cost_micro_usd is null) as unpriced"                                \
    " from usage u left join zones on zones.id = u.tenant_id"                                      \
    " cross join lateral (select (u.first_at at time zone coalesce(zones.zone, 'UTC'))::date as "  \
    "day) d"                                                                                       \
    " where ($1 = '' or u.tenant_id = $1)"                                                         \
    " and d.day >= coalesce(nullif($2, '')::date, '-infinity')"                                    \
    " and d.day <= coalesce(nullif($3, '')::date, 'infinity')"                                     \
    " group by u.tenant_id, " order " limit " TEXT_OF(USAGE_ROWS_MAX)

static const struct {
    const char *name;
    const char *sql;
} REPORTS[USAGE_BYS] = {
    [USAGE_BY_DAY] = {"day", REPORT("d.day", "d.day order by d.day desc, u.tenant_id")},
    [USAGE_BY_CALL] = {"call", REPORT("min(d.day) as day, u.call_id as call",
                                   "u.call_id order by min(u.first_at) desc, u.call_id")},
    [USAGE_BY_PROVIDER] = {"provider",
        REPORT("u.slot, u.provider, u.model",
            "u.slot, u.provider, u.model order by u.tenant_id, u.slot, u.provider, u.model")},
};

bool usage_by_of(struct slice name, enum usage_by *by)
{
    for (int i = 0; i < USAGE_BYS; i++) {
        if (!slice_is(name, REPORTS[i].name))
            continue;
        *by = (enum usage_by)i;
        return true;
    }
    return false;
}

bool usage_is_day(struct slice text)
{
    bool is_good = text.len == 10;
    for (size_t i = 0; is_good && i < text.len; i++)
        is_good = i == 4 || i == 7 ? text.data[i] == '-' : isdigit((unsigned char)text.data[i]);
    return is_good;
}

enum err usage_ask(struct query **out, struct database *database,
    const struct usage_question *question, unsigned timeout_ms, query_fn *fn, void *owner)
{
    struct slice params[] = {question->tenant_id, question->from, question->to};
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        if (!params[i].data)
            params[i] = SLICE(""); /* not null */
    return database_query(
        out, database, REPORTS[question->by].sql, params, 3, timeout_ms, fn, owner);
}

/* ---- their forms ---- */

static void add_csv(struct strbuf *out, struct slice value)
{
    bool is_plain = true;
    for (size_t i = 0; i < value.len; i++)
        is_plain &= !strchr(",\"\r\n", value.data[i]);
    if (is_plain) {
        strbuf_add_slice(out, value);
        return;
    }
    strbuf_add_char(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"')
            strbuf_add_char(out, '"');
        strbuf_add_char(out, value.data[i]);
    }
    strbuf_add_char(out, '"');
}

void usage_csv(struct strbuf *out, const struct rows *rows)
{
    size_t columns = rows_columns(rows);
    for (size_t column = 0; column < columns; column++)
        strbuf_printf(out, "%s%s", column ? "," : "", rows_name(rows, column));
    strbuf_add_text(out, "\r\n");
    for (size_t row = 0; row < rows_count(rows); row++) {
        for (size_t column = 0; column < columns; column++) {
            strbuf_add_text(out, column ? "," : "");
            add_csv(out, rows_get(rows, row, column));
        }
        strbuf_add_text(out, "\r\n");
    }
}

enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT4 = 23, TYPE_NUMERIC = 1700 };

static void add_value(struct strbuf *out, const struct rows *rows, size_t row, size_t column)
{
    struct slice value = rows_get(rows, row, column);
    uint32_t type = rows_type(rows, column);
    if (rows_is_null(rows, row, column))
        strbuf_add_text(out, "null");
    else if (type == TYPE_BOOL)
        strbuf_add_text(out, slice_is(value, "t") ? "true" : "false");
    else if (type == TYPE_INT8 || type == TYPE_INT4 || type == TYPE_NUMERIC)
        strbuf_add_slice(out, value);
    else
        strbuf_add_json(out, value);
}

void usage_json(struct strbuf *out, const struct rows *rows)
{
    strbuf_add_text(out, "{\"usage\":[");
    for (size_t row = 0; row < rows_count(rows); row++) {
        strbuf_add_text(out, row ? ",{" : "{");
        for (size_t column = 0; column < rows_columns(rows); column++) {
            strbuf_printf(out, "%s\"%s\":", column ? "," : "", rows_name(rows, column));
            add_value(out, rows, row, column);
        }
        strbuf_add_char(out, '}');
    }
    strbuf_add_text(out, "]}\n");
}

/* ---- budgets ---- */

/* A call counts in the period it began in. One that nobody closed (its process died) counts for four hours at most: no carrier
   keeps one for longer. */
static const char BUDGETS[] =
    "select b.tenant_id, b.period, b.limit_micro_usd, b.limit_seconds,"
    " (select coalesce(sum(u.cost_micro_usd), 0)::bigint from usage u"
    "  where u.tenant_id = b.tenant_id and u.first_at >= p.starts) as micro_usd,"
    " (select coalesce(sum(extract(epoch from"
    "   least(coalesce(c.ended_at, at.now), c.answered_at + interval '4 hours')"
    "   - c.answered_at)), 0)::bigint from calls c"
    "  where c.tenant_id = b.tenant_id and c.channel is distinct from 'sms'"
    "  and c.answered_at >= p.starts"
    "  and c.started_at >= p.starts - interval '1 hour') as seconds,"
    " p.zone as time_zone"
    " from budgets b left join tenants t on t.id = b.tenant_id"
    " cross join lateral (select coalesce(nullif($2, '')::timestamptz, now()) as now) at"
    " cross join lateral (select zone, period_start(b.period, zone, at.now) as starts"
    "  from (select zone_or_utc(t.time_zone) as zone) z) p"
    " where $1 = '' or b.tenant_id = $1 order by b.tenant_id, b.period";

static const char SET[] =
    "insert into budgets as b (tenant_id, period, limit_micro_usd, limit_seconds)"
    " values ($1, $2, $3, $4) on conflict (tenant_id, period) do update set"
    " limit_micro_usd = coalesce(excluded.limit_micro_usd, b.limit_micro_usd),"
    " limit_seconds = coalesce(excluded.limit_seconds, b.limit_seconds), updated_at = now()";

static const char CLEAR[] = "delete from budgets where tenant_id = $1";

enum err budgets_ask(struct query **out, struct database *database, const char *tenant_id,
    const char *at, unsigned timeout_ms, query_fn *fn, void *owner)
{
    const struct slice params[] = {slice_from(tenant_id), slice_from(at)};
    return database_query(out, database, BUDGETS, params, 2, timeout_ms, fn, owner);
}

enum err budget_set(struct query **out, struct database *database, const char *tenant_id,
    const char *period, struct slice micro_usd, struct slice seconds, unsigned timeout_ms,
    query_fn *fn, void *owner)
{
    const struct slice params[] = {slice_from(tenant_id), slice_from(period), micro_usd, seconds};
    return database_query(out, database, SET, params, 4, timeout_ms, fn, owner);
}

enum err budget_clear(struct query **out, struct database *database, const char *tenant_id,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    const struct slice param = slice_from(tenant_id);
    return database_query(out, database, CLEAR, &param, 1, timeout_ms, fn, owner);
}
