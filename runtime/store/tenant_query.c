#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/internal.h"
#include "store/statement.h"

/* The first statement of a tenant's group. The settings last for the group's transaction only; the
   role comes last, as it takes the right to change settings away. pg_temp behind public: a temporary
   table must not stand in front of a real one. */
static const char ENTER_TENANT[] = "select set_config('moonline.tenant', $1, true),"
                                   " set_config('statement_timeout', $2, true),"
                                   " set_config('search_path', 'public, pg_temp', true),"
                                   " set_config('role', 'moonline_tenant', true)";

static bool send_enter_tenant(struct query *query, PGconn *pg, uint64_t now_ms)
{
    char timeout_ms[24];
    uint64_t left_ms = query->deadline_ms > now_ms ? query->deadline_ms - now_ms : 1;
    snprintf(timeout_ms, sizeof timeout_ms, "%" PRIu64, left_ms);
    const char *params[] = {query->tenant_id, timeout_ms};
    return PQsendQueryParams(pg, ENTER_TENANT, 2, NULL, params, NULL, NULL, 0);
}

bool query_send(struct query *query, PGconn *pg, uint64_t now_ms)
{
    if (query->tenant_id && !send_enter_tenant(query, pg, now_ms))
        return false;
    return PQsendQueryParams(
               pg, query->sql, (int)query->param_count, NULL, query->params, NULL, NULL, 0) &&
           PQpipelineSync(pg);
}
