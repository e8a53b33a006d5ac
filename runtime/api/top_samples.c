#include "api/top_samples.h"

#include "observe/metrics.h"

static int64_t calls_refused(void)
{
    int64_t sum = 0;
    for (int i = METRIC_CALLS_REFUSED_UNKNOWN_NUMBER; i <= METRIC_CALLS_REFUSED_ATTEMPTS_SPENT; i++)
        sum += metric_get((enum metric)i);
    return sum;
}

void top_sample_provider(struct top_provider_sample *out, const struct provider *provider)
{
    const struct provider_metrics *metrics =
        provider_metrics_of(provider->driver->slot, provider->name);
    out->metrics = metrics;
    out->failures = 0;
    for (int i = PROVIDER_FAILED; i < PROVIDER_OUTCOMES; i++)
        out->failures += provider_metrics_count(metrics, (enum provider_outcome)i);
    out->requests = out->failures + provider_metrics_count(metrics, PROVIDER_OK);
    provider_metrics_waits(metrics, &out->waits);
}

void top_sample_take(struct top_sample *out, uint64_t now_ms)
{
    struct process_figures process;
    metrics_process(&process);
    *out = (struct top_sample){.at_ms = now_ms,
        .cpu_seconds = process.cpu_seconds,
        .refused = calls_refused(),
        .apologies = metric_get(METRIC_APOLOGIES),
        .turns = metric_get(METRIC_TURNS)};
    struct catalog *catalog = catalog_now();
    for (size_t i = 0; i < catalog_count(catalog) && i < PROVIDERS_MAX; i++)
        top_sample_provider(&out->providers[out->provider_count++], catalog_at(catalog, i));
    catalog_release(catalog);
}

void top_samples_put(struct top_samples *samples, const struct top_sample *sample)
{
    samples->ring[samples->taken++ % TOP_SAMPLES] = *sample;
}

const struct top_sample *top_samples_before(
    const struct top_samples *samples, uint64_t now_ms, uint64_t age_ms)
{
    const struct top_sample *found = NULL;
    for (size_t back = 1; back <= TOP_SAMPLES && back <= samples->taken; back++) {
        found = &samples->ring[(samples->taken - back) % TOP_SAMPLES];
        if (found->at_ms + age_ms <= now_ms)
            break;
    }
    return found;
}

struct top_provider_sample top_sample_of(
    const struct top_sample *sample, const struct provider_metrics *metrics)
{
    for (size_t i = 0; i < sample->provider_count; i++)
        if (sample->providers[i].metrics == metrics)
            return sample->providers[i];
    return (struct top_provider_sample){.metrics = metrics};
}
