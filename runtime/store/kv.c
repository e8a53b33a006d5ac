#include "store/kv.h"

#define TEXT_OF(macro) TEXT_OF_VALUE(macro)
#define TEXT_OF_VALUE(value) #value

#define IS_OVER "expires_at <= now()"

static const char GET[] = "select value from kv where tenant_id = $1 and key = $2"
                          " and not coalesce(" IS_OVER ", false)";

/* Each write takes some keys of the tenant away whose time is over, so that they do not pile up between prunings; two writers
   never wait for each other there. */
#define PRUNE_OWN                                                                                  \
    "with pruned as (delete from kv where tenant_id = $1 and key in (select key from kv"           \
    "  where tenant_id = $1 and key <> $2 and " IS_OVER " limit 100 for update skip locked))"

/* Only a key that is new needs room; one whose time is over is new. */
#define INSERT_WITHIN_ROOM                                                                         \
    " insert into kv as k (tenant_id, key, value, expires_at)"                                     \
    " select $1, $2, $3::jsonb, now() + $4::float8 * interval '1 second'"                          \
    " where exists (select from kv where tenant_id = $1 and key = $2"                              \
    "  and not coalesce(" IS_OVER ", false)) or"                                                   \
    "  (select count(*) from kv where tenant_id = $1 and not coalesce(" IS_OVER ", false))"        \
    "   < " TEXT_OF(KV_KEYS_MAX) " on conflict (tenant_id, key) do update set"

static const char SET[] = PRUNE_OWN INSERT_WITHIN_ROOM
    " value = excluded.value, expires_at = excluded.expires_at returning true";

static const char ADD[] = PRUNE_OWN INSERT_WITHIN_ROOM
    " value = case when k." IS_OVER " then excluded.value"
    "  else to_jsonb(k.value::numeric + excluded.value::numeric) end,"
    " expires_at = case when k." IS_OVER " then excluded.expires_at else k.expires_at end"
    " returning value::float8"; /* what a script's number is */

static const char DELETE[] = "delete from kv where tenant_id = $1 and key = $2"
                             " returning not coalesce(" IS_OVER ", false)";

static const struct {
    const char *sql;
    size_t param_count;
} STATEMENTS[] = {
    [KV_GET] = {GET, 2},
    [KV_SET] = {SET, 4},
    [KV_ADD] = {ADD, 4},
    [KV_DELETE] = {DELETE, 2},
};

enum err kv_ask(struct query **out, struct database *database, const struct kv_request *request,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    struct slice params[] = {
        slice_from(request->tenant_id), request->key, request->value, request->ttl_s};
    return database_query(out, database, STATEMENTS[request->operation].sql, params,
        STATEMENTS[request->operation].param_count, timeout_ms, fn, owner);
}
