#include "api/admin_top.h"

#include <stdlib.h>

#include "api/top_samples.h"
#include "base/clock.h"
#include "live/roster.h"
#include "observe/metrics.h"
#include "routing/standing.h"
#include "script/news.h"

#define ANSWER_MAX_BYTES (1024 * 1024)
#define FRESH_MS 2500 /* rosters older than that are of who asked before */
#define WAIT_MS 100   /* a pulse comes every 20 ms */
#define WAITING_MAX 16
#define MINUTE_MS 60000
#define CPU_OVER_MS 4000 /* at least; samples lie 5 s apart */

struct admin_top {
    struct admin_top_options options;
    struct net_timer *sampling;
    struct net_timer *answering;
    uint64_t asked_ms;
    struct exchange *waiting[WAITING_MAX];
    size_t waiting_count;
    struct roster *rosters[LIVE_WORKERS_MAX]; /* the newest of each thread; NULL: none yet */
    struct top_samples samples;
};

static const char *say(bool is_so)
{
    return is_so ? "true" : "false";
}

/* ---- the process ---- */

static void add_process(const struct admin_top *top, const struct top_sample *now,
    const struct top_sample *before, struct strbuf *out)
{
    struct process_figures process;
    metrics_process(&process);
    const struct top_sample *recent = top_samples_before(&top->samples, now->at_ms, CPU_OVER_MS);
    double seconds = (double)(now->at_ms - recent->at_ms) / 1000;
    double cpu = seconds > 0 ? (now->cpu_seconds - recent->cpu_seconds) / seconds : 0;
    uint64_t wall_ms = clock_wall_ms();
    strbuf_add_text(out, "{\"process\":{\"build\":");
    strbuf_add_json(out, slice_from(metrics_build()));
    strbuf_printf(out,
        ",\"now\":%llu,\"uptime_seconds\":%llu,\"cpu_percent\":%.1f,\"memory_bytes\":%llu,"
        "\"calls_active\":%lld,\"calls_max\":%u,\"minute_seconds\":%llu,\"refused\":%lld,"
        "\"apologies\":%lld,\"turns\":%lld,\"draining\":%s,\"late\":%s}",
        (unsigned long long)(wall_ms / 1000),
        (unsigned long long)(wall_ms - process.started_wall_ms) / 1000, cpu * 100,
        (unsigned long long)process.resident_bytes, (long long)metric_get(METRIC_CALLS_ACTIVE),
        live_max_calls(top->options.live), (unsigned long long)(now->at_ms - before->at_ms) / 1000,
        (long long)(now->refused - before->refused),
        (long long)(now->apologies - before->apologies), (long long)(now->turns - before->turns),
        say(atomic_load(top->options.is_draining)), say(live_is_late(top->options.live)));
}

static void add_journal(const struct admin_top *top, struct strbuf *out)
{
    struct records_state records;
    records_look(top->options.records, &records);
    strbuf_printf(out,
        ",\"journal\":{\"database\":%s,\"writing\":%s,\"rows\":%zu,\"oldest_seconds\":%llu,"
        "\"bytes\":%llu,\"refused\":%zu}",
        say(records.is_database_up && !records.needs_migration), say(records.is_journal_writing),
        records.waiting, (unsigned long long)records.oldest_s, (unsigned long long)records.bytes,
        records.refused);
}

/* ---- calls ---- */

static uint64_t slowness(const struct roster_call *call)
{
    return call->waiting_ms > call->response_ms ? call->waiting_ms : call->response_ms;
}

static int by_slowness(const void *a, const void *b)
{
    uint64_t one = slowness(*(const struct roster_call *const *)a);
    uint64_t other = slowness(*(const struct roster_call *const *)b);
    return one < other ? 1 : one > other ? -1 : 0;
}

static void add_call(const struct roster_call *call, struct strbuf *out)
{
    strbuf_add_text(out, "{\"call_sid\":");
    strbuf_add_json(out, slice_from(call->call_sid));
    strbuf_add_text(out, ",\"tenant\":");
    strbuf_add_json(out, slice_from(call->tenant_id));
    strbuf_printf(out,
        ",\"version\":\"%s\",\"state\":\"%s\",\"age_ms\":%llu,\"turns\":%u,\"waiting_ms\":%llu,"
        "\"response_ms\":%llu,\"mostly\":\"%s\",\"mostly_ms\":%llu,\"late_ms\":%u}",
        call->version, call->state, (unsigned long long)call->age_ms, call->turns,
        (unsigned long long)call->waiting_ms, (unsigned long long)call->response_ms,
        call->response_ms ? turn_part_name(call->mostly) : "", (unsigned long long)call->mostly_ms,
        call->late_ms);
}

/* Threads, each writing its own, may know more calls than are told; `left_out` counts the others. */
static void add_calls(const struct admin_top *top, struct strbuf *out)
{
    size_t count = 0, left_out = 0, filled = 0;
    for (unsigned i = 0; i < LIVE_WORKERS_MAX; i++) {
        count += top->rosters[i] ? top->rosters[i]->count : 0;
        left_out += top->rosters[i] ? top->rosters[i]->left_out : 0;
    }
    const struct roster_call **calls = calloc(count + 1, sizeof *calls);
    for (unsigned i = 0; calls && i < LIVE_WORKERS_MAX; i++)
        for (size_t k = 0; top->rosters[i] && k < top->rosters[i]->count; k++)
            calls[filled++] = &top->rosters[i]->calls[k];
    if (filled)
        qsort(calls, filled, sizeof *calls, by_slowness);
    size_t told = filled < ADMIN_TOP_CALLS_MAX ? filled : ADMIN_TOP_CALLS_MAX;
    strbuf_add_text(out, ",\"calls\":[");
    for (size_t i = 0; i < told; i++) {
        strbuf_add_text(out, i ? "," : "");
        add_call(calls[i], out);
    }
    strbuf_printf(out, "],\"calls_left_out\":%zu", count - told + left_out);
    free(calls);
}

/* ---- threads, providers ---- */

static void add_threads(struct strbuf *out)
{
    uint64_t now_ms = clock_ms();
    strbuf_add_text(out, ",\"threads\":[");
    for (unsigned i = 0; i < metrics_threads(); i++)
        strbuf_printf(out,
            "{\"name\":\"%u\",\"calls\":%lld,\"loop_lag_ms\":%lld,\"frame_late_ms\":%lld,"
            "\"late_permille\":%lld,\"is_late\":%s},",
            i, (long long)metric_get_thread(THREAD_CALLS, i),
            (long long)metric_get_thread(THREAD_LOOP_LAG_MS, i),
            (long long)metric_get_thread(THREAD_FRAME_LATENESS_MS, i),
            (long long)metric_get_thread(THREAD_LATE_PERMILLE, i),
            say(metric_get_thread(THREAD_IS_LATE, i)));
    for (int i = 0; i < SIDE_THREAD_COUNT; i++)
        strbuf_printf(out, "%s{\"name\":\"%s\",\"loop_lag_ms\":%u}", i ? "," : "",
            metric_side_name((enum side_thread)i),
            metric_get_side_lag_ms((enum side_thread)i, now_ms));
    strbuf_add_char(out, ']');
}

static void add_provider(
    const struct provider *provider, const struct top_sample *before, struct strbuf *out)
{
    struct top_provider_sample now;
    top_sample_provider(&now, provider);
    struct top_provider_sample then = top_sample_of(before, now.metrics);
    const struct standing *standing = standing_find(provider->driver->slot, provider->name);
    strbuf_printf(out, "{\"slot\":\"%s\",\"name\":", slot_name(provider->driver->slot));
    strbuf_add_json(out, slice_from(provider->name));
    strbuf_printf(out,
        ",\"requests\":%llu,\"failures\":%llu,\"wait_p95_ms\":%.0f,\"under_way\":%u,"
        "\"circuits_open\":%u}",
        (unsigned long long)(now.requests - then.requests),
        (unsigned long long)(now.failures - then.failures),
        provider_waits_share_ms(&then.waits, &now.waits, 0.95), standing ? standing->under_way : 0,
        standing ? standing->circuits_open : 0);
}

static void add_providers(const struct top_sample *before, struct strbuf *out)
{
    struct catalog *catalog = catalog_now();
    strbuf_add_text(out, ",\"providers\":[");
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        strbuf_add_text(out, i ? "," : "");
        add_provider(catalog_at(catalog, i), before, out);
    }
    strbuf_add_char(out, ']');
    catalog_release(catalog);
}

/* ---- answering ---- */

static void take_rosters(struct admin_top *top)
{
    for (unsigned i = 0; i < LIVE_WORKERS_MAX; i++) {
        struct roster *fresh = roster_take(top->options.live, i);
        if (!fresh)
            continue;
        free(top->rosters[i]);
        top->rosters[i] = fresh;
    }
}

/* What a thread wrote long ago, before a pause of those who watch or one of its own, is not how its calls do. */
static void forget_old_rosters(struct admin_top *top, uint64_t now_ms)
{
    for (unsigned i = 0; i < LIVE_WORKERS_MAX; i++) {
        if (!top->rosters[i] || now_ms < top->rosters[i]->at_ms + ROSTER_WANTED_MS)
            continue;
        free(top->rosters[i]);
        top->rosters[i] = NULL;
    }
}

static void answer(struct admin_top *top, struct exchange *exchange)
{
    struct top_sample now;
    struct strbuf out;
    take_rosters(top);
    forget_old_rosters(top, clock_ms());
    top_sample_take(&now, clock_ms());
    const struct top_sample *before = top_samples_before(&top->samples, now.at_ms, MINUTE_MS);
    strbuf_init(&out, ANSWER_MAX_BYTES);
    add_process(top, &now, before, &out);
    add_journal(top, &out);
    add_calls(top, &out);
    add_threads(&out);
    add_providers(before, &out);
    strbuf_add_text(&out, ",\"reloads\":");
    news_json(&out);
    strbuf_add_text(&out, "}\n");
    if (out.failed)
        exchange_answer(exchange, 500, "text/plain", SLICE("answer too large\n"));
    else
        exchange_answer(exchange, 200, "application/json", strbuf_slice(&out));
    strbuf_free(&out);
}

static void on_waited(void *owner)
{
    struct admin_top *top = owner;
    while (top->waiting_count)
        answer(top, top->waiting[--top->waiting_count]);
}

bool admin_top_answer(
    struct admin_top *top, struct exchange *exchange, const struct http_request *request)
{
    if (!slice_is(request->path, "/api/top"))
        return false;
    if (!slice_is(request->method, "GET")) {
        exchange_answer(exchange, 405, "text/plain", SLICE(""));
        return true;
    }
    uint64_t now_ms = clock_ms();
    bool is_fresh = top->asked_ms && now_ms < top->asked_ms + FRESH_MS;
    bool has_room = top->waiting_count < WAITING_MAX;
    top->asked_ms = now_ms;
    roster_want(top->options.live, now_ms);
    if ((is_fresh && !top->waiting_count) || !has_room) {
        answer(top, exchange);
        return true;
    }
    if (!top->waiting_count)
        net_timer_set(top->answering, now_ms + WAIT_MS);
    top->waiting[top->waiting_count++] = exchange;
    return true;
}

void admin_top_cancelled(struct admin_top *top, struct exchange *exchange)
{
    for (size_t i = 0; i < top->waiting_count; i++)
        if (top->waiting[i] == exchange)
            top->waiting[i--] = top->waiting[--top->waiting_count];
}

/* ---- life ---- */

static void on_sample(void *owner)
{
    struct admin_top *top = owner;
    struct top_sample sample;
    uint64_t now_ms = clock_ms();
    top_sample_take(&sample, now_ms);
    top_samples_put(&top->samples, &sample);
    net_timer_set(top->sampling, now_ms + TOP_SAMPLE_MS);
}

enum err admin_top_create(
    struct admin_top **out, struct net_loop *loop, const struct admin_top_options *options)
{
    struct admin_top *top = calloc(1, sizeof *top);
    if (!top)
        return ERR_NOMEM;
    top->options = *options;
    enum err err = net_timer_create(&top->answering, loop, on_waited, top);
    if (err == ERR_OK)
        err = net_timer_create(&top->sampling, loop, on_sample, top);
    if (err != ERR_OK) {
        admin_top_destroy(top);
        return err;
    }
    on_sample(top);
    *out = top;
    return ERR_OK;
}

void admin_top_destroy(struct admin_top *top)
{
    if (!top)
        return;
    net_timer_destroy(top->sampling);
    net_timer_destroy(top->answering);
    for (unsigned i = 0; i < LIVE_WORKERS_MAX; i++)
        free(top->rosters[i]);
    free(top);
}
