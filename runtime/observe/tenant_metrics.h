/* What is counted by tenant: at most TENANT_METRICS_MAX of them, all others as "other". Found once a call and kept by it;
   any thread, no lock, no allocation. */
#pragma once

#include <stdint.h>

#define TENANT_METRICS_MAX 256

enum tenant_metric {
    TENANT_CALLS_ACTIVE, /* gauge */
    TENANT_CALLS_STARTED,
    TENANT_TURNS,
    TENANT_FAILURES,    /* apologies, and calls that failed */
    TENANT_RESPONSE_MS, /* sum over turns of moonline_turn_response_seconds */
    TENANT_METRIC_COUNT
};

struct tenant_metrics;
struct tenant_metrics *tenant_metrics_of(const char *tenant_id); /* never NULL */
void tenant_metric_add(struct tenant_metrics *tenant, enum tenant_metric metric, int64_t delta);
