#include "observe/provider_metrics.h"

#include <assert.h>
#include <string.h>

#include "observe/label_registry.h"
#include "observe/metrics_internal.h"

#define PLACES (PROVIDER_METRICS_MAX + PROVIDER_METRICS_SLOTS) /* the last ones are the others' */

struct provider_metrics {
    atomic_ullong outcomes[PROVIDER_OUTCOMES];
    struct histogram_counts waits;
    atomic_llong circuits_open;
};

static const char *const slot_names[PROVIDER_METRICS_SLOTS] = {"hear", "think", "speak"};
static const char *const outcome_names[PROVIDER_OUTCOMES] = {"ok", "failed", "timeout", "refused"};

static char labels[PROVIDER_METRICS_MAX][LABELS_SIZE];
static struct label_registry registry = {
    PTHREAD_MUTEX_INITIALIZER, 0, PROVIDER_METRICS_MAX, labels};
static struct provider_metrics places[PLACES];

static void write_labels(char out[LABELS_SIZE], const char *provider, unsigned slot)
{
    out[0] = 0;
    metrics_label(out, "provider", provider);
    metrics_label(out, "slot", slot_names[slot]);
}

struct provider_metrics *provider_metrics_of(unsigned slot, const char *provider)
{
    char wanted[LABELS_SIZE];
    size_t place;
    write_labels(wanted, provider, slot);
    bool is_named =
        strcmp(provider, LABELS_OTHER) != 0 && label_registry_place(&registry, wanted, &place);
    return &places[is_named ? place : PROVIDER_METRICS_MAX + slot];
}

void provider_metrics_ended(struct provider_metrics *metrics, enum provider_outcome outcome)
{
    atomic_fetch_add_explicit(&metrics->outcomes[outcome], 1, memory_order_relaxed);
}

uint64_t provider_metrics_count(
    const struct provider_metrics *metrics, enum provider_outcome outcome)
{
    return atomic_load_explicit(&metrics->outcomes[outcome], memory_order_relaxed);
}

void provider_metrics_waited_ms(struct provider_metrics *metrics, double ms)
{
    histogram_count(&metrics->waits, &histogram_ms, ms);
}

void provider_metrics_waits(const struct provider_metrics *metrics, struct provider_waits *out)
{
    static_assert(PROVIDER_WAIT_STEPS == HISTOGRAM_BUCKETS + 1, "a step a bucket");
    for (int i = 0; i < PROVIDER_WAIT_STEPS; i++)
        out->counts[i] = atomic_load_explicit(&metrics->waits.buckets[i], memory_order_relaxed);
}

double provider_waits_share_ms(
    const struct provider_waits *before, const struct provider_waits *now, double share)
{
    double whole = 0, below = 0, from_ms = 0;
    for (int i = 0; i < PROVIDER_WAIT_STEPS; i++)
        whole += (double)(now->counts[i] - before->counts[i]);
    for (int i = 0; i < HISTOGRAM_BUCKETS && whole > 0; i++) {
        double here = (double)(now->counts[i] - before->counts[i]);
        double to_ms = histogram_ms.bounds[i];
        if (here > 0 && below + here >= share * whole)
            return from_ms + (to_ms - from_ms) * (share * whole - below) / here;
        below += here;
        from_ms = to_ms;
    }
    return whole > 0 ? from_ms : 0; /* or longer: past the last bound nothing is told apart */
}

void provider_metrics_circuit(struct provider_metrics *metrics, int change)
{
    atomic_fetch_add_explicit(&metrics->circuits_open, change, memory_order_relaxed);
}

int provider_metrics_circuits_open(const struct provider_metrics *metrics)
{
    return (int)atomic_load_explicit(&metrics->circuits_open, memory_order_relaxed);
}

/* ---- text ---- */

static void add_requests(struct strbuf *out, const char *of, struct provider_metrics *metrics)
{
    for (int i = 0; i < PROVIDER_OUTCOMES; i++)
        strbuf_printf(out, "moonline_provider_requests_total{%s,outcome=\"%s\"} %llu\n", of,
            outcome_names[i],
            (unsigned long long)provider_metrics_count(metrics, (enum provider_outcome)i));
}

static void add_waits(struct strbuf *out, const char *of, struct provider_metrics *metrics)
{
    histogram_text(out, "moonline_provider_seconds", of, &histogram_ms, &metrics->waits);
}

static void add_circuit(struct strbuf *out, const char *of, struct provider_metrics *metrics)
{
    strbuf_printf(out, "moonline_provider_circuit_open{%s} %d\n", of,
        provider_metrics_circuits_open(metrics));
}

static void add_all(struct strbuf *out,
    void (*add)(struct strbuf *out, const char *of, struct provider_metrics *metrics))
{
    size_t count = atomic_load_explicit(&registry.count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        add(out, labels[i], &places[i]);
    for (unsigned slot = 0; slot < PROVIDER_METRICS_SLOTS; slot++) {
        char of[LABELS_SIZE];
        write_labels(of, LABELS_OTHER, slot);
        add(out, of, &places[PROVIDER_METRICS_MAX + slot]);
    }
}

void provider_metrics_text(struct strbuf *out)
{
    metrics_add_head(out, "moonline_provider_requests_total", "counter",
        "Requests, sessions and texts that providers were asked for, by how they ended.");
    add_all(out, add_requests);
    metrics_add_head(out, "moonline_provider_seconds", "histogram",
        "How long a provider took for the final transcript, the first token, the first audio.");
    add_all(out, add_waits);
    metrics_add_head(out, "moonline_provider_circuit_open", "gauge",
        "Media threads, and keys of them, that leave a provider alone because it failed.");
    add_all(out, add_circuit);
}
