#include "main/traces.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "main/commands.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define BATCHES_WAITING_MAX 4096
#define SPANS_MAX_BYTES (256u << 10) /* of a turn */
#define PARTS_MAX 1000               /* of a call, in Postgres */
#define DRAIN_MS 2000
#define SERVICE "moonline"
#ifndef MOONLINE_VERSION
#define MOONLINE_VERSION "dev"
#endif

struct traces {
    struct net_loop *loop;
    struct net_wake *wake;
    struct mailbox mailbox;
    struct records *records;
    struct exporter *exporter; /* NULL: no collector is named */
    struct call_traces *recent;
};

/* ---- to Postgres ---- */

/* The same part told again is the same row. */
static void part_id(const struct trace_batch *batch, char out[ID_SIZE])
{
    char name[96];
    snprintf(name, sizeof name, "trace %s %u", batch->facts.call_id, batch->part);
    id_of(slice_from(name), out);
}

static char *row_of(const struct trace_batch *batch, struct slice spans)
{
    char id[ID_SIZE], at[CLOCK_TEXT_SIZE];
    struct strbuf row;
    part_id(batch, id);
    clock_wall_text(clock_wall_ms(), at);
    strbuf_init(&row, SPANS_MAX_BYTES + 1024);
    strbuf_printf(&row, "{\"id\":\"%s\",\"call_id\":\"%s\",\"part\":%u,\"created_at\":\"%s\"", id,
        batch->facts.call_id, batch->part, at);
    strbuf_add_text(&row, ",\"tenant_id\":");
    strbuf_add_json(&row, slice_from(batch->facts.tenant_id));
    strbuf_add_text(&row, ",\"spans\":[");
    strbuf_add_slice(&row, spans);
    strbuf_add_text(&row, "]}");
    char *text = strbuf_take(&row);
    strbuf_free(&row);
    return text;
}

static void keep(struct traces *traces, const struct trace_batch *batch, struct slice spans)
{
    char *row = batch->part < PARTS_MAX ? row_of(batch, spans) : NULL;
    if (row && records_put_take(traces->records, RECORD_TRACE, row) != ERR_OK)
        log_warn("record.dropped", "call=%s kind=%d", batch->facts.call_id, RECORD_TRACE);
}

/* ---- taking ---- */

static void take(struct traces *traces, struct trace_batch *batch)
{
    struct strbuf spans;
    strbuf_init(&spans, SPANS_MAX_BYTES);
    otlp_add_spans(&spans, batch);
    if (spans.failed) {
        metric_add(METRIC_SPANS_DROPPED_QUEUE, (int64_t)batch->span_count);
        log_warn("trace.too_long", "call=%s spans=%zu", batch->facts.call_id, batch->span_count);
    } else {
        keep(traces, batch, strbuf_slice(&spans));
        call_traces_add(traces->recent, batch, strbuf_slice(&spans));
        if (traces->exporter)
            exporter_add(traces->exporter, strbuf_slice(&spans), batch->span_count);
    }
    strbuf_free(&spans);
    trace_batch_free(batch);
}

static void collect(void *owner)
{
    struct traces *traces = owner;
    struct letter *letter = mailbox_take_all(&traces->mailbox);
    while (letter) {
        struct trace_batch *batch = (struct trace_batch *)letter;
        letter = letter->next;
        take(traces, batch);
    }
}

static void wake(void *owner)
{
    struct traces *traces = owner;
    net_wake_send(traces->wake);
}

/* ---- life ---- */

static enum err open_exporter(struct traces *traces, const struct traces_options *options)
{
    const struct settings *settings = options->settings;
    struct exporter_options exporter = {.endpoint = settings->otlp_endpoint,
        .headers = settings->otlp_headers,
        .resource = {SERVICE, MOONLINE_VERSION, options->node}};
    if (!settings->otlp_endpoint[0])
        return ERR_OK;
    return exporter_create(&traces->exporter, traces->loop, &exporter);
}

enum err traces_open(
    struct traces **out, struct net_loop *loop, const struct traces_options *options)
{
    struct traces *traces = calloc(1, sizeof *traces);
    if (!traces)
        return ERR_NOMEM;
    traces->loop = loop;
    traces->records = options->records;
    mailbox_init(&traces->mailbox, BATCHES_WAITING_MAX, wake, traces);
    traces->recent = call_traces_create();
    enum err err = traces->recent ? ERR_OK : ERR_NOMEM;
    if (!err)
        err = net_wake_create(&traces->wake, loop, collect, traces);
    if (!err)
        err = open_exporter(traces, options);
    if (err)
        traces_close(traces);
    else
        *out = traces;
    return err;
}

struct mailbox *traces_mailbox(struct traces *traces)
{
    return &traces->mailbox;
}

struct call_traces *traces_recent(struct traces *traces)
{
    return traces->recent;
}

static void on_drained(void *owner)
{
    struct traces *traces = owner;
    net_loop_stop(traces->loop);
}

void traces_drain(struct traces *traces)
{
    if (!traces)
        return;
    collect(traces);
    if (!traces->exporter)
        return;
    exporter_drain(traces->exporter, clock_ms() + DRAIN_MS, on_drained, traces);
    net_loop_run(traces->loop);
}

void traces_close(struct traces *traces)
{
    if (!traces)
        return;
    collect(traces);
    exporter_destroy(traces->exporter);
    if (traces->wake)
        net_wake_destroy(traces->wake);
    call_traces_destroy(traces->recent);
    mailbox_destroy(&traces->mailbox);
    free(traces);
}
