#include "bindings/allowance.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "base/slice.h"
#include "observe/metrics.h"
#include "script/agent.h"

#define MINUTE_MS 60000

struct allowance {
    UT_hash_handle hh; /* by tenant */
    char tenant[TENANT_ID_SIZE];
    struct allowances *all;
    unsigned in_flight;
    uint64_t minute;
    unsigned count[ALLOWANCE_KINDS]; /* in that minute */
};

static const unsigned a_minute[ALLOWANCE_KINDS] = {
    [ALLOWANCE_HTTP] = ALLOWANCE_HTTP_A_MINUTE, [ALLOWANCE_SMS] = ALLOWANCE_SMS_A_MINUTE};

static struct allowance *allowance_of(struct allowances *allowances, const char *tenant)
{
    struct allowance *allowance;
    HASH_FIND_STR(allowances->by_tenant, tenant, allowance);
    if (allowance || !(allowance = calloc(1, sizeof *allowance)))
        return allowance;
    allowance->all = allowances;
    slice_copy(slice_from(tenant), allowance->tenant, sizeof allowance->tenant);
    HASH_ADD_STR(allowances->by_tenant, tenant, allowance);
    if (!allowance->hh.tbl) {
        free(allowance);
        return NULL;
    }
    return allowance;
}

static void begin_minute(struct allowance *allowance, uint64_t minute)
{
    if (allowance->minute == minute)
        return;
    allowance->minute = minute;
    for (unsigned kind = 0; kind < ALLOWANCE_KINDS; kind++)
        allowance->count[kind] = 0;
}

static const char *exhausted(const struct allowance *allowance, enum allowance_kind kind)
{
    if (allowance->in_flight >= ALLOWANCE_IN_FLIGHT)
        return "too many of this tenant's requests are under way";
    if (allowance->all->in_flight >= ALLOWANCE_IN_FLIGHT_THREAD)
        return "too many requests are under way";
    if (allowance->count[kind] >= a_minute[kind])
        return "too many of this tenant's requests in this minute";
    return NULL;
}

struct allowance *allowance_take(struct allowances *allowances, const char *tenant,
    enum allowance_kind kind, uint64_t now_ms, const char **why)
{
    struct allowance *allowance = allowance_of(allowances, tenant);
    *why = "no memory";
    if (!allowance)
        return NULL;
    begin_minute(allowance, now_ms / MINUTE_MS);
    *why = exhausted(allowance, kind);
    if (*why) {
        metric_add(METRIC_SCRIPT_LIMITED, 1);
        return NULL;
    }
    allowance->count[kind]++;
    allowance->in_flight++;
    allowances->in_flight++;
    return allowance;
}

void allowance_give_back(struct allowance *allowance)
{
    allowance->in_flight--;
    allowance->all->in_flight--;
}

void allowances_clear(struct allowances *allowances)
{
    struct allowance *allowance, *next;
    HASH_ITER(hh, allowances->by_tenant, allowance, next)
    {
        HASH_DEL(allowances->by_tenant, allowance);
        free(allowance);
    }
}
