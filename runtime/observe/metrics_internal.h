/* The parts of /metrics, each with its own names, in the order they are written. Private to observe. */
#pragma once

#include <stdatomic.h>

#include "observe/metrics.h"

#define HISTOGRAM_BUCKETS 22

/* What a histogram counts. Bounds and values are in one unit, and are shown divided. */
struct histogram_scale {
    double bounds[HISTOGRAM_BUCKETS];
    double divisor;
};
extern const struct histogram_scale histogram_ms; /* shown in seconds */

struct histogram_counts {
    atomic_ullong buckets[HISTOGRAM_BUCKETS + 1];
    atomic_ullong sum_thousandths;
};

void histogram_count(
    struct histogram_counts *counts, const struct histogram_scale *scale, double value);
/* Its samples; `labels` as `a="b",c="d"`, empty: none. */
void histogram_text(struct strbuf *out, const char *name, const char *labels,
    const struct histogram_scale *scale, struct histogram_counts *counts);

void metrics_add_head(struct strbuf *out, const char *name, const char *type, const char *help);

void process_metrics_text(struct strbuf *out);
void thread_gauges_text(struct strbuf *out);
void histograms_text(struct strbuf *out);
void provider_metrics_text(struct strbuf *out);
void tenant_metrics_text(struct strbuf *out);
