/* What a full queue of rows does to those who tell of callers turned away, and of recordings. */
#include <stdio.h>
#include <string.h>

#include "api/call_recording.h"
#include "api/overflow.h"
#include "observe/metrics.h"
#include "unit/net/net_story.h"

struct port {
    struct public_settings settings;
    struct server *server;
};

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct port *port = owner;
    struct form form;
    assert_int_equal(form_parse(&form, request->body), ERR_OK);
    if (slice_is(request->path, DIAL_DONE_PATH))
        overflow_dial_done(&port->settings, exchange, request, &form);
    else if (!call_recording_told(&port->settings, exchange, request, &form))
        overflow_recording(&port->settings, exchange, request, &form);
    form_free(&form);
}

static void post(struct story *story, struct port *port, const char *path, const char *form,
    const char *expected)
{
    struct raw raw;
    char text[500];
    snprintf(text, sizeof text,
        "POST %s%ctenant=acme HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", path,
        strchr(path, '?') ? '&' : '?', strlen(form), form);
    raw_connect(&raw, server_port(port->server));
    raw_say(&raw, text);
    story_until(story, raw_has(&raw, expected));
    raw_close(&raw);
}

/* With room for one row. */
static void open_port(struct story *story, struct port *port)
{
    static const struct server_handlers handlers = {.on_request = on_request};
    static const struct server_options options = {.listen = "127.0.0.1:0",
        .max_body_bytes = 4096,
        .request_timeout_ms = 5000,
        .max_connections = 10};
    *port = (struct port){.settings = {.public_url = "https://voice.example.com"}};
    char why[200];
    assert_int_equal(records_open(&port->settings.records, story->loop,
                         "postgresql://moonline@/x?host=/nonexistent", 1),
        ERR_OK);
    assert_int_equal(
        server_start(&port->server, story->loop, &options, &handlers, port, why), ERR_OK);
}

static void close_port(struct port *port)
{
    server_destroy(port->server);
    records_close(port->settings.records);
}

static void a_row_that_finds_no_room_is_counted(void **state)
{
    struct story *story = *state;
    struct port port;
    open_port(story, &port);
    int64_t lost = metric_get(METRIC_OVERFLOW_ROWS_LOST);
    post(story, &port, DIAL_DONE_PATH, "CallSid=CA1&DialCallStatus=completed", "<Hangup/>");
    assert_int_equal(metric_get(METRIC_OVERFLOW_ROWS_LOST), lost);
    post(story, &port, DIAL_DONE_PATH, "CallSid=CA2&DialCallStatus=completed", "<Hangup/>");
    assert_int_equal(metric_get(METRIC_OVERFLOW_ROWS_LOST), lost + 1);
    post(story, &port, RECORDING_PATH, "CallSid=CA3&RecordingUrl=u", "HTTP/1.1 500");
    assert_int_equal(metric_get(METRIC_OVERFLOW_ROWS_LOST), lost + 2);
    close_port(&port);
}

/* Its address says whose it is; a queue that is full has the carrier tell again. */
static void a_call_s_recording_is_told(void **state)
{
    static const char path[] =
        RECORDING_PATH "?kind=call&call=0190a000-0000-7000-8000-000000000001";
    static const struct {
        const char *path, *form, *expected;
    } rows[] = {
        {path, "CallSid=CA1&RecordingSid=RE1&RecordingStatus=processing", "HTTP/1.1 400"},
        {path, "CallSid=CA1&RecordingSid=RE1", "HTTP/1.1 400"},
        {RECORDING_PATH "?kind=call&call=1", "RecordingSid=RE1&RecordingStatus=completed",
            "HTTP/1.1 400"},
        {path, "RecordingSid=RE1&RecordingStatus=in-progress", "HTTP/1.1 204"},
        {path, "RecordingSid=RE1&RecordingStatus=absent", "HTTP/1.1 500"},
    };
    struct story *story = *state;
    struct port port;
    open_port(story, &port);
    int64_t failed = metric_get(METRIC_CALL_RECORDINGS_FAILED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        post(story, &port, rows[i].path, rows[i].form, rows[i].expected);
    assert_int_equal(metric_get(METRIC_CALL_RECORDINGS_FAILED), failed + 1);
    close_port(&port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_s_recording_is_told, story_begin, story_end),
        cmocka_unit_test_setup_teardown(
            a_row_that_finds_no_room_is_counted, story_begin, story_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
