/* What was counted a minute ago, so that GET /api/top can say what came since: a sample every five seconds. Of the control
   thread. */
#pragma once

#include "observe/provider_metrics.h"
#include "routing/catalog.h"

#define TOP_SAMPLE_MS 5000
#define TOP_SAMPLES 13 /* the oldest is a minute before the newest */

struct top_provider_sample {
    const struct provider_metrics *metrics;
    uint64_t requests;
    uint64_t failures; /* of them: failed, late or refused */
    struct provider_waits waits;
};

struct top_sample {
    uint64_t at_ms;
    double cpu_seconds;
    int64_t refused; /* calls */
    int64_t apologies;
    int64_t turns;
    size_t provider_count;
    struct top_provider_sample providers[PROVIDERS_MAX];
};

struct top_samples { /* zeros: none */
    struct top_sample ring[TOP_SAMPLES];
    size_t taken;
};

void top_sample_take(struct top_sample *out, uint64_t now_ms);
void top_sample_provider(struct top_provider_sample *out, const struct provider *provider);
void top_samples_put(struct top_samples *samples, const struct top_sample *sample);
/* The newest that is at least so old, or else the oldest; NULL: there is none. */
const struct top_sample *top_samples_before(
    const struct top_samples *samples, uint64_t now_ms, uint64_t age_ms);
/* Zeros, when it was not known then: it counted nothing. */
struct top_provider_sample top_sample_of(
    const struct top_sample *sample, const struct provider_metrics *metrics);
