/* What a full queue of rows does to those who tell of callers turned away. */
#include <stdio.h>
#include <string.h>

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
    else
        overflow_recording(&port->settings, exchange, request, &form);
    form_free(&form);
}

static void post(struct story *story, struct port *port, const char *path, const char *form,
    const char *expected)
{
    struct raw raw;
    char text[500];
    snprintf(text, sizeof text,
        "POST %s?tenant=acme HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", path,
        strlen(form), form);
    raw_connect(&raw, server_port(port->server));
    raw_say(&raw, text);
    story_until(story, raw_has(&raw, expected));
    raw_close(&raw);
}

static void a_row_that_finds_no_room_is_counted(void **state)
{
    struct story *story = *state;
    static const struct server_handlers handlers = {.on_request = on_request};
    static const struct server_options options = {.listen = "127.0.0.1:0",
        .max_body_bytes = 4096,
        .request_timeout_ms = 5000,
        .max_connections = 10};
    struct port port = {.settings = {.public_url = "https://voice.example.com"}};
    char why[200];
    assert_int_equal(records_open(&port.settings.records, story->loop,
                         "postgresql://moonline@/x?host=/nonexistent", 1),
        ERR_OK);
    assert_int_equal(
        server_start(&port.server, story->loop, &options, &handlers, &port, why), ERR_OK);
    int64_t lost = metric_get(METRIC_OVERFLOW_ROWS_LOST);
    post(story, &port, DIAL_DONE_PATH, "CallSid=CA1&DialCallStatus=completed", "<Hangup/>");
    assert_int_equal(metric_get(METRIC_OVERFLOW_ROWS_LOST), lost);
    post(story, &port, DIAL_DONE_PATH, "CallSid=CA2&DialCallStatus=completed", "<Hangup/>");
    assert_int_equal(metric_get(METRIC_OVERFLOW_ROWS_LOST), lost + 1);
    post(story, &port, RECORDING_PATH, "CallSid=CA3&RecordingUrl=u", "HTTP/1.1 500");
    assert_int_equal(metric_get(METRIC_OVERFLOW_ROWS_LOST), lost + 2);
    server_destroy(port.server);
    records_close(port.settings.records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_row_that_finds_no_room_is_counted, story_begin, story_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
