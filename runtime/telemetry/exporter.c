#include "telemetry/exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "net/http.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define REQUEST_MAX_BYTES (1u << 20)
#define REQUEST_FULL_BYTES (256u << 10) /* so much does not wait for more */
#define ANSWER_MAX_BYTES 65536
#define TIMEOUT_MS 10000
#define GATHER_MS 1000
#define PAUSE_MS 1000
#define PAUSE_MAX_MS 30000
#define RETRY_AFTER_MAX_MS 120000
#define GIVE_UP_MS (5 * 60000)
#define URL_SIZE 512

/* Spans as text, of one hand-over. */
struct bundle {
    struct bundle *next;
    size_t count;
    size_t len;
    char text[];
};

struct exporter {
    struct net_loop *loop;
    struct exporter_options options;
    char url[URL_SIZE];
    struct otlp_headers headers;
    struct net_timer *timer; /* the next request; or, while draining, its deadline */
    struct http_call *http;  /* NULL: none is under way */
    int status;
    unsigned retry_after_ms;
    struct strbuf answer;
    struct bundle *first,
        *last; /* what waits; the first `sent` of them are under way, or to be sent again */
    size_t waiting_bytes;
    size_t sent, sent_spans;
    uint64_t first_try_ms; /* of what is to be sent again; 0: nothing is */
    unsigned pause_ms;     /* before the next repeat */
    bool is_away;          /* that was logged */
    uint64_t drain_by_ms;  /* 0: not draining */
    void (*on_drained)(void *owner);
    void *owner;
};

/* ---- the queue ---- */

/* Spans wait for others, unless they fill a request or nobody comes any more. */
static void plan(struct exporter *exporter)
{
    bool is_full = exporter->waiting_bytes >= REQUEST_FULL_BYTES;
    unsigned wait_ms = is_full || exporter->drain_by_ms ? 0 : exporter->options.gather_ms;
    net_timer_set(exporter->timer, clock_ms() + wait_ms);
}

void exporter_add(struct exporter *exporter, struct slice spans, size_t count)
{
    bool has_room = exporter->waiting_bytes + spans.len <= EXPORTER_QUEUE_MAX_BYTES;
    struct bundle *bundle = has_room && count ? malloc(sizeof *bundle + spans.len) : NULL;
    if (!bundle) {
        metric_add(METRIC_SPANS_DROPPED_QUEUE, (int64_t)count);
        return;
    }
    *bundle = (struct bundle){.count = count, .len = spans.len};
    memcpy(bundle->text, spans.data, spans.len);
    if (exporter->last)
        exporter->last->next = bundle;
    else
        exporter->first = bundle;
    exporter->last = bundle;
    exporter->waiting_bytes += spans.len;
    if (exporter->http || exporter->first_try_ms)
        return; /* its end looks for more */
    if (exporter->first == bundle || exporter->waiting_bytes >= REQUEST_FULL_BYTES)
        plan(exporter);
}

static void drop_first(struct exporter *exporter)
{
    struct bundle *bundle = exporter->first;
    exporter->first = bundle->next;
    if (!exporter->first)
        exporter->last = NULL;
    exporter->waiting_bytes -= bundle->len;
    free(bundle);
}

/* What was under way is done with, one way or another. */
static void forget_sent(struct exporter *exporter)
{
    while (exporter->sent) {
        drop_first(exporter);
        exporter->sent--;
    }
    exporter->sent_spans = 0;
    exporter->first_try_ms = 0;
    exporter->pause_ms = exporter->options.pause_ms;
}

/* ---- after a request ---- */

static void finish_drain(struct exporter *exporter)
{
    void (*fn)(void *owner) = exporter->on_drained;
    exporter->on_drained = NULL;
    net_timer_clear(exporter->timer);
    if (fn)
        fn(exporter->owner);
}

static void go_on(struct exporter *exporter)
{
    if (exporter->first)
        plan(exporter);
    else if (exporter->drain_by_ms)
        finish_drain(exporter);
}

static void take(struct exporter *exporter, const struct otlp_answer *answer)
{
    uint64_t sent = exporter->sent_spans;
    uint64_t rejected = answer->rejected < sent ? answer->rejected : sent;
    metric_add(METRIC_SPAN_EXPORTS_OK, 1);
    metric_add(METRIC_SPANS_EXPORTED, (int64_t)(sent - rejected));
    metric_add(METRIC_SPANS_DROPPED_REFUSED, (int64_t)rejected);
    if (rejected)
        log_warn("trace.rejected", "spans=%llu why=%s", (unsigned long long)rejected, answer->why);
    if (exporter->is_away)
        log_info("trace.collector_back", "waiting_bytes=%zu", exporter->waiting_bytes);
    exporter->is_away = false;
    forget_sent(exporter);
    go_on(exporter);
}

static void refuse(struct exporter *exporter, const char *why)
{
    metric_add(METRIC_SPAN_EXPORTS_FAILED, 1);
    metric_add(METRIC_SPANS_DROPPED_REFUSED, (int64_t)exporter->sent_spans);
    log_warn("trace.refused", "status=%d spans=%zu why=%s do=%s", exporter->status,
        exporter->sent_spans, why, "check OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS");
    forget_sent(exporter);
    go_on(exporter);
}

/* Between half of it and all of it: those that failed together do not come back together. */
static unsigned with_jitter(unsigned pause_ms)
{
    uint32_t random;
    crypto_random(&random, sizeof random);
    return pause_ms / 2 + random % (pause_ms / 2 + 1);
}

static void try_later(struct exporter *exporter, const char *why)
{
    uint64_t now_ms = clock_ms();
    if (now_ms - exporter->first_try_ms >= GIVE_UP_MS) {
        refuse(exporter, why);
        return;
    }
    metric_add(METRIC_SPAN_EXPORTS_RETRIED, 1);
    if (!exporter->is_away)
        log_warn("trace.collector_away", "status=%d why=%s", exporter->status, why);
    exporter->is_away = true;
    unsigned pause_ms = with_jitter(exporter->pause_ms);
    unsigned asked_ms = exporter->retry_after_ms;
    if (asked_ms > pause_ms)
        pause_ms = asked_ms < RETRY_AFTER_MAX_MS ? asked_ms : RETRY_AFTER_MAX_MS;
    exporter->pause_ms =
        exporter->pause_ms * 2 < PAUSE_MAX_MS ? exporter->pause_ms * 2 : PAUSE_MAX_MS;
    uint64_t at_ms = now_ms + pause_ms;
    bool is_too_late = exporter->drain_by_ms && at_ms > exporter->drain_by_ms;
    net_timer_set(exporter->timer, is_too_late ? exporter->drain_by_ms : at_ms);
}

/* ---- a request ---- */

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct exporter *exporter = owner;
    exporter->status = status;
    exporter->retry_after_ms = retry_after_ms;
}

static void on_body(void *owner, struct slice data)
{
    struct exporter *exporter = owner;
    strbuf_add_slice(&exporter->answer, data);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct exporter *exporter = owner;
    struct otlp_answer answer;
    exporter->http = NULL;
    if (err && err != ERR_FULL) { /* a long answer is one, whatever it says */
        try_later(exporter, why ? why : err_name(err));
        return;
    }
    otlp_answer_read(&answer, exporter->status, strbuf_slice(&exporter->answer));
    switch (answer.verdict) {
    case OTLP_TAKEN:
        take(exporter, &answer);
        break;
    case OTLP_LATER:
        try_later(exporter, answer.why);
        break;
    case OTLP_REFUSED:
        refuse(exporter, answer.why);
        break;
    }
}

/* The first of what waits, as much as a request may hold; what is sent again is the same. */
static void choose(struct exporter *exporter)
{
    size_t len = 0;
    if (exporter->sent)
        return;
    for (const struct bundle *bundle = exporter->first; bundle; bundle = bundle->next) {
        len += bundle->len;
        if (exporter->sent && len > REQUEST_MAX_BYTES)
            break;
        exporter->sent++;
        exporter->sent_spans += bundle->count;
    }
    exporter->first_try_ms = clock_ms();
}

static void write_request(struct exporter *exporter, struct strbuf *out)
{
    struct strbuf spans;
    strbuf_init(&spans, EXPORTER_QUEUE_MAX_BYTES * 2);
    const struct bundle *bundle = exporter->first;
    for (size_t i = 0; i < exporter->sent; i++, bundle = bundle->next) {
        if (i)
            strbuf_add_char(&spans, ',');
        strbuf_add_slice(&spans, (struct slice){bundle->text, bundle->len});
    }
    otlp_add_request(out, &exporter->options.resource, strbuf_slice(&spans));
    out->failed |= spans.failed;
    strbuf_free(&spans);
}

static enum err post(struct exporter *exporter, struct slice body)
{
    static const struct http_listener listener = {
        .on_status = on_status, .on_body = on_body, .on_done = on_done};
    struct http_header headers[OTLP_HEADERS_MAX + 1] = {{"Content-Type", "application/json"}};
    for (size_t i = 0; i < exporter->headers.count; i++)
        headers[i + 1] =
            (struct http_header){exporter->headers.list[i].name, exporter->headers.list[i].value};
    unsigned timeout_ms = exporter->options.timeout_ms;
    struct http_options options = {.method = "POST",
        .url = exporter->url,
        .headers = headers,
        .header_count = exporter->headers.count + 1,
        .body = body,
        .connect_timeout_ms = timeout_ms,
        .first_byte_timeout_ms = timeout_ms,
        .idle_timeout_ms = timeout_ms,
        .total_timeout_ms = timeout_ms,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .allow_private = true}; /* the operator said where */
    return http_start(&exporter->http, exporter->loop, &options, &listener, exporter);
}

static void send_next(struct exporter *exporter)
{
    struct strbuf body;
    strbuf_init(&body, EXPORTER_QUEUE_MAX_BYTES * 2);
    choose(exporter);
    write_request(exporter, &body);
    exporter->status = 0;
    exporter->retry_after_ms = 0;
    strbuf_clear(&exporter->answer);
    enum err err = body.failed ? ERR_NOMEM : post(exporter, strbuf_slice(&body));
    strbuf_free(&body);
    if (err) {
        exporter->http = NULL;
        try_later(exporter, err_name(err));
    } else if (exporter->drain_by_ms) {
        net_timer_set(exporter->timer, exporter->drain_by_ms);
    }
}

static void on_timer(void *owner)
{
    struct exporter *exporter = owner;
    if (exporter->drain_by_ms && clock_ms() >= exporter->drain_by_ms)
        finish_drain(exporter);
    else if (exporter->first && !exporter->http)
        send_next(exporter);
}

/* ---- life ---- */

static unsigned usual(unsigned said, unsigned otherwise)
{
    return said ? said : otherwise;
}

static enum err name_url(struct exporter *exporter)
{
    char host[HTTP_HOST_SIZE];
    bool is_secure;
    const char *endpoint = exporter->options.endpoint;
    size_t len = strlen(endpoint);
    while (len && endpoint[len - 1] == '/')
        len--;
    int wrote = snprintf(exporter->url, URL_SIZE, "%.*s/v1/traces", (int)len, endpoint);
    bool fits = wrote > 0 && wrote < URL_SIZE;
    return fits ? http_host(exporter->url, host, &is_secure) : ERR_BAD;
}

enum err exporter_create(
    struct exporter **out, struct net_loop *loop, const struct exporter_options *options)
{
    struct exporter *exporter = calloc(1, sizeof *exporter);
    if (!exporter)
        return ERR_NOMEM;
    exporter->loop = loop;
    exporter->options = *options;
    exporter->options.timeout_ms = usual(options->timeout_ms, TIMEOUT_MS);
    exporter->options.gather_ms = usual(options->gather_ms, GATHER_MS);
    exporter->options.pause_ms = usual(options->pause_ms, PAUSE_MS);
    exporter->pause_ms = exporter->options.pause_ms;
    strbuf_init(&exporter->answer, ANSWER_MAX_BYTES);
    enum err err = name_url(exporter);
    if (!err)
        err = otlp_headers_read(&exporter->headers, slice_from(options->headers));
    if (!err)
        err = net_timer_create(&exporter->timer, loop, on_timer, exporter);
    if (err)
        exporter_destroy(exporter);
    else
        *out = exporter;
    return err;
}

void exporter_drain(
    struct exporter *exporter, uint64_t deadline_ms, void (*fn)(void *owner), void *owner)
{
    exporter->drain_by_ms = deadline_ms;
    exporter->on_drained = fn;
    exporter->owner = owner;
    bool waits = exporter->first && !exporter->http;
    net_timer_set(exporter->timer, waits ? clock_ms() : exporter->http ? deadline_ms : clock_ms());
    if (!exporter->first)
        exporter->drain_by_ms = clock_ms(); /* the timer ends it: never within this call */
}

void exporter_destroy(struct exporter *exporter)
{
    if (!exporter)
        return;
    if (exporter->http)
        http_cancel(exporter->http);
    while (exporter->first) {
        metric_add(METRIC_SPANS_DROPPED_QUEUE, (int64_t)exporter->first->count);
        drop_first(exporter);
    }
    net_timer_destroy(exporter->timer);
    otlp_headers_free(&exporter->headers);
    strbuf_free(&exporter->answer);
    free(exporter);
}
