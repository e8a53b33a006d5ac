/* The exporter against a collector on loopback that refuses, stalls and goes away. */
#include "unit/net/net_story.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telemetry/exporter.h"

static struct story *story;
static struct server *collector;
static struct exporter *exporter;
static char endpoint[64];
static struct exchange *held; /* a request that is not answered */
static unsigned requests;
static size_t spans_seen; /* in all requests */
static char authorization[64];
/* What it answers, request by request; the last goes on. */
static struct {
    int status; /* 0: it is left waiting */
    const char *retry_after, *body;
} answers[8];

static void count_spans(struct slice body)
{
    json_t *request = json_loadb(body.data, body.len, 0, NULL);
    json_t *spans = NULL;
    assert_int_equal(
        json_unpack(request, "{s:[{s:[{s:o}]}]}", "resourceSpans", "scopeSpans", "spans", &spans),
        0);
    spans_seen += json_array_size(spans);
    json_decref(request);
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    assert_true(slice_is(request->method, "POST"));
    assert_true(slice_is(request->path, "/v1/traces"));
    assert_true(slice_is(request->content_type, "application/json"));
    slice_copy(request->authorization, authorization, sizeof authorization);
    count_spans(request->body);
    unsigned at = requests++;
    while (at && !answers[at].status && !answers[at].body)
        at--;
    if (!answers[at].status) {
        held = exchange;
        return;
    }
    if (answers[at].retry_after)
        exchange_set_header(exchange, "Retry-After", answers[at].retry_after);
    exchange_answer(exchange, answers[at].status, "application/json", slice_from(answers[at].body));
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    held = NULL;
}

static void start_collector(const char *listen)
{
    static const struct server_handlers handlers = {
        .on_request = on_request, .on_cancelled = on_cancelled};
    const struct server_options options = {.listen = listen,
        .max_body_bytes = 4 << 20,
        .request_timeout_ms = 5000,
        .max_connections = 10};
    char why[200];
    assert_int_equal(server_start(&collector, story->loop, &options, &handlers, NULL, why), ERR_OK);
}

static int setup(void **state)
{
    story_begin(state);
    story = *state;
    start_collector("127.0.0.1:0");
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d/", server_port(collector));
    memset(answers, 0, sizeof answers);
    requests = 0;
    spans_seen = 0;
    held = NULL;
    struct exporter_options options = {.endpoint = endpoint,
        .headers = "authorization=Bearer%20secret",
        .resource = {"moonline", "1", "node"},
        .timeout_ms = 300,
        .pause_ms = 20,
        .gather_ms = 10};
    assert_int_equal(exporter_create(&exporter, story->loop, &options), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    exporter_destroy(exporter);
    if (collector)
        server_destroy(collector);
    collector = NULL;
    return story_end(state);
}

static int64_t exported(void)
{
    return metric_get(METRIC_SPANS_EXPORTED);
}

static void add(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        exporter_add(exporter, SLICE("{\"name\":\"TURN\"}"), 1);
}

#define ANSWER(at, ...)                                                                            \
    memcpy(&answers[at], &(__typeof__(answers[0])){__VA_ARGS__}, sizeof answers[0])

static void spans_go_together(void **state)
{
    int64_t before = exported();
    ANSWER(0, 200, NULL, "{}");
    add(3);
    story_until(story, exported() == before + 3);
    assert_int_equal(requests, 1);
    assert_int_equal(spans_seen, 3);
    assert_string_equal(authorization, "Bearer secret");
}

static void overloaded_collectors_are_asked_again(void **state)
{
    int64_t before = exported(), retried = metric_get(METRIC_SPAN_EXPORTS_RETRIED);
    ANSWER(0, 429, NULL, "{}");
    ANSWER(1, 503, NULL, "");
    ANSWER(2, 504, NULL, "");
    ANSWER(3, 200, NULL, "{}");
    add(2);
    story_until(story, exported() == before + 2);
    assert_int_equal(requests, 4);
    assert_int_equal(metric_get(METRIC_SPAN_EXPORTS_RETRIED), retried + 3);
}

static void a_collector_says_when(void **state)
{
    int64_t before = exported();
    ANSWER(0, 429, "1", "{}");
    ANSWER(1, 200, NULL, "{}");
    uint64_t began_ms = clock_ms();
    add(1);
    story_until(story, exported() == before + 1);
    assert_true(clock_ms() - began_ms >= 1000);
    assert_int_equal(requests, 2);
}

static void refused_spans_are_not_sent_again(void **state)
{
    int64_t before = exported(), refused = metric_get(METRIC_SPANS_DROPPED_REFUSED);
    ANSWER(0, 400, NULL, "{\"code\":3,\"message\":\"no\"}");
    ANSWER(1, 200, NULL, "{}");
    add(2);
    story_until(story, metric_get(METRIC_SPANS_DROPPED_REFUSED) == refused + 2);
    add(1);
    story_until(story, exported() == before + 1);
    assert_int_equal(requests, 2);
    assert_int_equal(spans_seen, 3);
}

static void some_are_rejected(void **state)
{
    int64_t before = exported(), refused = metric_get(METRIC_SPANS_DROPPED_REFUSED);
    ANSWER(0, 200, NULL, "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"old\"}}");
    add(5);
    story_until(story, exported() == before + 3);
    assert_int_equal(metric_get(METRIC_SPANS_DROPPED_REFUSED), refused + 2);
    story_run_for(story, 60);
    assert_int_equal(requests, 1);
}

static void a_collector_hangs(void **state)
{
    int64_t before = exported();
    ANSWER(0, 0, NULL, "");
    ANSWER(1, 200, NULL, "{}");
    add(1);
    story_until(story, exported() == before + 1);
    assert_int_equal(requests, 2);
}

static void a_collector_is_away_and_comes_back(void **state)
{
    int64_t before = exported(), retried = metric_get(METRIC_SPAN_EXPORTS_RETRIED);
    char listen[64];
    snprintf(listen, sizeof listen, "127.0.0.1:%d", server_port(collector));
    server_destroy(collector);
    collector = NULL;
    ANSWER(0, 200, NULL, "{}");
    add(4);
    story_until(story, metric_get(METRIC_SPAN_EXPORTS_RETRIED) >= retried + 2);
    start_collector(listen);
    story_until(story, exported() == before + 4);
}

static void what_does_not_fit_is_counted(void **state)
{
    static char big[1 << 20];
    int64_t dropped = metric_get(METRIC_SPANS_DROPPED_QUEUE);
    snprintf(big, sizeof big, "{\"name\":\"%0*d\"}", (int)sizeof big - 16, 0);
    size_t len = strlen(big), fit = EXPORTER_QUEUE_MAX_BYTES / len;
    for (size_t i = 0; i < fit + 3; i++)
        exporter_add(exporter, (struct slice){big, len}, 2);
    assert_int_equal(metric_get(METRIC_SPANS_DROPPED_QUEUE), dropped + 6);
}

static bool is_drained;

static void on_drained(void *owner)
{
    is_drained = true;
}

static void at_the_end_what_waits_is_sent(void **state)
{
    int64_t before = exported();
    is_drained = false;
    ANSWER(0, 200, NULL, "{}");
    add(2);
    exporter_drain(exporter, clock_ms() + 5000, on_drained, NULL);
    assert_false(is_drained);
    story_until(story, is_drained);
    assert_int_equal(exported(), before + 2);
}

static void with_nothing_to_send_the_end_is_at_once(void **state)
{
    is_drained = false;
    exporter_drain(exporter, clock_ms() + 5000, on_drained, NULL);
    assert_false(is_drained);
    story_until(story, is_drained);
}

static void the_end_does_not_wait_for_ever(void **state)
{
    is_drained = false;
    ANSWER(0, 503, NULL, "");
    add(2);
    exporter_drain(exporter, clock_ms() + 200, on_drained, NULL);
    story_until(story, is_drained);
}

static void an_end_while_a_request_hangs(void **state)
{
    is_drained = false;
    ANSWER(0, 0, NULL, "");
    add(1);
    story_until(story, held);
    exporter_drain(exporter, clock_ms() + 100, on_drained, NULL);
    story_until(story, is_drained);
}

static void an_end_whose_own_request_hangs(void **state)
{
    int64_t retried = metric_get(METRIC_SPAN_EXPORTS_RETRIED);
    is_drained = false;
    ANSWER(0, 0, NULL, "");
    add(1);
    exporter_drain(exporter, clock_ms() + 100, on_drained, NULL);
    story_until(story, is_drained);
    assert_int_equal(metric_get(METRIC_SPAN_EXPORTS_RETRIED), retried); /* the request goes on */
}

static void bad_settings_are_refused(void **state)
{
    const struct {
        const char *endpoint, *headers;
    } rows[] = {{"collector:4318", ""}, {"ftp://collector", ""}, {"", ""},
        {"http://127.0.0.1:4318", "no-value"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct exporter_options options = {
            .endpoint = rows[i].endpoint, .headers = rows[i].headers};
        struct exporter *other = NULL;
        assert_int_equal(exporter_create(&other, story->loop, &options), ERR_BAD);
    }
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(spans_go_together),
        STORY(overloaded_collectors_are_asked_again),
        STORY(a_collector_says_when),
        STORY(refused_spans_are_not_sent_again),
        STORY(some_are_rejected),
        STORY(a_collector_hangs),
        STORY(a_collector_is_away_and_comes_back),
        STORY(what_does_not_fit_is_counted),
        STORY(at_the_end_what_waits_is_sent),
        STORY(with_nothing_to_send_the_end_is_at_once),
        STORY(the_end_does_not_wait_for_ever),
        STORY(an_end_while_a_request_hangs),
        STORY(an_end_whose_own_request_hangs),
        STORY(bad_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
