#include "observe/tenant_metrics.h"

#include <string.h>

#include "observe/label_registry.h"
#include "observe/metrics_internal.h"

struct tenant_metrics {
    atomic_llong values[TENANT_METRIC_COUNT];
};

static const struct tenant_row {
    const char *name;
    const char *type;
    const char *help;
    unsigned divisor;
} rows[TENANT_METRIC_COUNT] = {
    [TENANT_CALLS_ACTIVE] = {"moonline_tenant_calls_active", "gauge",
        "Calls of a tenant with an open stream.", 1},
    [TENANT_CALLS_STARTED] = {"moonline_tenant_calls_started_total", "counter",
        "Streams that became calls of a tenant.", 1},
    [TENANT_TURNS] = {"moonline_tenant_turns_total", "counter",
        "Turns of a tenant's callers committed.", 1},
    [TENANT_FAILURES] = {"moonline_tenant_failures_total", "counter",
        "Recorded apologies that a tenant's callers heard, and calls that failed.", 1},
    [TENANT_RESPONSE_MS] = {"moonline_tenant_response_seconds_total", "counter",
        "Sum of what moonline_turn_response_seconds counts, by tenant; by turns it is the mean.",
        1000},
};

static char labels[TENANT_METRICS_MAX][LABELS_SIZE];
static struct label_registry registry = {PTHREAD_MUTEX_INITIALIZER, 0, TENANT_METRICS_MAX, labels};
static struct tenant_metrics places[TENANT_METRICS_MAX + 1]; /* the last one is the others' */

struct tenant_metrics *tenant_metrics_of(const char *tenant_id)
{
    char wanted[LABELS_SIZE] = "";
    size_t place;
    metrics_label(wanted, "tenant", tenant_id);
    bool is_named =
        strcmp(tenant_id, LABELS_OTHER) != 0 && label_registry_place(&registry, wanted, &place);
    return &places[is_named ? place : TENANT_METRICS_MAX];
}

void tenant_metric_add(struct tenant_metrics *tenant, enum tenant_metric metric, int64_t delta)
{
    atomic_fetch_add_explicit(&tenant->values[metric], delta, memory_order_relaxed);
}

static void add_row(struct strbuf *out, enum tenant_metric metric, const char *of, size_t place)
{
    const struct tenant_row *row = &rows[metric];
    long long value = atomic_load_explicit(&places[place].values[metric], memory_order_relaxed);
    strbuf_printf(out, "%s{%s} %.*f\n", row->name, of, row->divisor > 1 ? 3 : 0,
        (double)value / row->divisor);
}

void tenant_metrics_text(struct strbuf *out)
{
    size_t count = atomic_load_explicit(&registry.count, memory_order_acquire);
    for (int i = 0; i < TENANT_METRIC_COUNT; i++) {
        metrics_add_head(out, rows[i].name, rows[i].type, rows[i].help);
        for (size_t place = 0; place < count; place++)
            add_row(out, (enum tenant_metric)i, labels[place], place);
        add_row(out, (enum tenant_metric)i, "tenant=\"" LABELS_OTHER "\"", TENANT_METRICS_MAX);
    }
}
