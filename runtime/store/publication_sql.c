#include "store/publication_sql.h"

/* Nodes that were not seen for a week are gone. */
const char PUBLICATION_BINDINGS[] =
    "with here as (insert into script_nodes (node) values ($1)"
    "  on conflict (node) do update set seen_at = now()),"
    " gone as (delete from script_nodes where seen_at < now() - interval '7 days' and node <> $1)"
    " select distinct on (tenant_id) tenant_id, id, version, canary_version, canary_percent,"
    " reason = 'rollback', (extract(epoch from created_at) * 1000)::bigint"
    " from script_bindings order by tenant_id, id desc";

const char PUBLICATION_BUNDLE[] =
    "select bundle from script_versions where tenant_id = $1 and version = $2";

/* What answered before is replaced by what is applied. */
const char PUBLICATION_NOTE[] =
    "with replaced as (update script_applied set state = 'replaced', at = now()"
    "  where node = $1 and tenant_id = $2 and version <> $3 and $4 = 'applied'"
    "  and state in ('applied', 'canary'))"
    " insert into script_applied (node, tenant_id, version, state, why)"
    " values ($1, $2, $3, $4, nullif($5, ''))"
    " on conflict (node, tenant_id, version) do update"
    " set state = excluded.state, why = excluded.why, at = case when"
    "  (script_applied.state, script_applied.why) is distinct from (excluded.state, excluded.why)"
    "  then now() else script_applied.at end"
    " returning state";

#define LIST_OF "(select coalesce(json_agg(row_to_json(x)), '[]') from (select "
#define OF_20 " desc limit 20) x)"

const char PUBLICATION_LIST[] =
    "select json_build_object('versions', " LIST_OF
    "version, author, note, created_at at time zone 'utc' as published_at"
    " from script_versions where tenant_id = $1 order by created_at" OF_20 ", 'bindings', " LIST_OF
    "version, canary_version, canary_percent, reason, author, note,"
    " created_at at time zone 'utc' as at"
    " from script_bindings where tenant_id = $1 order by id" OF_20 ", 'nodes', " LIST_OF
    "a.node, a.version, a.state, a.why, a.at at time zone 'utc' as at,"
    " n.seen_at at time zone 'utc' as seen_at"
    " from script_applied a join script_nodes n using (node)"
    " where a.tenant_id = $1 order by a.at" OF_20 ")";

#define NEWEST                                                                                     \
    "newest as (select * from script_bindings where tenant_id = $1 order by id desc limit 1)"
#define TOLD "select version from bound, pg_notify('" PUBLICATIONS_CHANNEL "', $1)"

/* A canary stands beside what answers: without that, or when it is the same, there is none. */
const char PUBLICATION_PUBLISH[] =
    "with " NEWEST ","
    " kept as (insert into script_versions (tenant_id, version, bundle, author, note)"
    "  values ($1, $2, $3::jsonb, nullif($5, ''), nullif($6, '')) on conflict do nothing),"
    " beside as (select version from newest where $4::int > 0 and version <> $2),"
    " bound as (insert into script_bindings"
    "  (tenant_id, version, canary_version, canary_percent, reason, author, note)"
    "  select $1, coalesce(b.version, $2), case when b.version is not null then $2 end,"
    "   case when b.version is not null then $4::int end,"
    "   case when b.version is not null then 'canary' else 'publish' end,"
    "   nullif($5, ''), nullif($6, '') from (select 1) one left join beside b on true"
    "  returning version, canary_version)"
    " select canary_version from bound, pg_notify('" PUBLICATIONS_CHANNEL "', $1)";

static const char RELOAD[] =
    "with newest as (select distinct on (tenant_id) * from script_bindings"
    "  where tenant_id = $1 or $1 = '' order by tenant_id, id desc),"
    " bound as (insert into script_bindings"
    "  (tenant_id, version, canary_version, canary_percent, reason, author)"
    "  select tenant_id, version, canary_version, canary_percent, 'reload', $2 from newest"
    "  where $3 = '' returning version) " TOLD;

static const char PROMOTE[] =
    "with " NEWEST ","
    " bound as (insert into script_bindings (tenant_id, version, reason, author)"
    "  select tenant_id, canary_version, 'promote', $2 from newest"
    "  where canary_version is not null and $3 = '' returning version) " TOLD;

static const char ROLLBACK[] =
    "with " NEWEST ","
    " before as (select b.version from script_bindings b, newest n"
    "  where b.tenant_id = $1 and b.version <> n.version order by b.id desc limit 1),"
    " wanted as (select version from script_versions where tenant_id = $1 and version = $3"
    "  union all select version from newest where $3 = '' and canary_version is not null"
    "  union all select b.version from before b, newest n"
    "   where $3 = '' and n.canary_version is null),"
    " bound as (insert into script_bindings (tenant_id, version, reason, author)"
    "  select $1, version, 'rollback', $2 from wanted returning version) " TOLD;

const char *publication_change_sql(enum publication_change change)
{
    switch (change) {
    case PUBLICATION_RELOAD:
        return RELOAD;
    case PUBLICATION_ROLLBACK:
        return ROLLBACK;
    case PUBLICATION_PROMOTE:
        return PROMOTE;
    }
    return "";
}
