#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/net/echo_server.h"

struct client {
    struct http_call *call;
    int status;
    unsigned retry_after_ms, done;
    char type[64], body[256], why[256];
    size_t body_len;
    enum err err;
    bool cancels_on_body;
    struct client *other; /* cancelled too */
};

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct client *client = owner;
    assert_int_equal(client->status, 0);
    client->status = status;
    client->retry_after_ms = retry_after_ms;
    slice_copy(content_type, client->type, sizeof client->type);
}

static void on_body(void *owner, struct slice data)
{
    struct client *client = owner;
    if (client->body_len + data.len < sizeof client->body)
        memcpy(client->body + client->body_len, data.data, data.len);
    client->body_len += data.len;
    if (client->cancels_on_body)
        http_cancel(client->call);
    if (client->other) {
        http_cancel(client->other->call);
        client->other->call = NULL;
    }
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct client *client = owner;
    client->done++;
    client->err = err;
    client->call = NULL;
    snprintf(client->why, sizeof client->why, "%s", why);
}

static const struct http_listener listener = {on_status, on_body, on_done};

static struct http_options request_to(const char *url)
{
    return (struct http_options){
        .method = "GET",
        .url = url,
        .connect_timeout_ms = 3000,
        .first_byte_timeout_ms = 3000,
        .idle_timeout_ms = 3000,
        .max_body_bytes = 100000,
        .allow_private = true,
    };
}

static void begin(struct client *client, struct story *story, const struct http_options *options)
{
    *client = (struct client){0};
    assert_int_equal(http_start(&client->call, story->loop, options, &listener, client), ERR_OK);
    assert_int_equal(client->done, 0);
}

static void run(struct client *client, struct story *story, const struct http_options *options)
{
    begin(client, story, options);
    story_until(story, client->done);
}

static const char *url_of(const struct echo_server *echo, const char *path)
{
    static char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", echo_port(echo), path);
    return url;
}

static void requests_are_answered(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    const struct http_header headers[] = {
        {"content-type", "text/x"}, {"authorization", "Bearer x"}};
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/echo?q=%20"));
    options.method = "POST";
    options.headers = headers;
    options.header_count = 2;
    options.body = SLICE("hello\0there");
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_OK);
    assert_int_equal(client.status, 200);
    assert_string_equal(client.type, "text/plain");
    assert_int_equal(client.retry_after_ms, 3000);
    assert_int_equal(client.body_len, 11);
    assert_memory_equal(client.body, "hello\0there", 11);
    assert_string_equal(echo.type, "text/x");
    assert_string_equal(echo.query, "q=%20");

    options = request_to(url_of(&echo, "/missing"));
    options.method = "DELETE";
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_OK);
    assert_int_equal(client.status, 404);
    assert_string_equal(echo.method, "DELETE");
    server_destroy(echo.server);
}

static void connections_are_kept(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    struct server_options server = echo_options;
    server.max_connections = 1; /* a second connection would wait for ever */
    echo_start(&echo, story, &server);
    http_warm(story->loop, url_of(&echo, "/v1/x"));
    story_until(story, echo.requests == 1);
    assert_string_equal(echo.method, "HEAD");
    assert_string_equal(echo.path, "/");
    story_run_for(story, 10);
    struct http_options options = request_to(url_of(&echo, "/echo"));
    for (int i = 0; i < 3; i++) {
        run(&client, story, &options);
        assert_int_equal(client.err, ERR_OK);
    }
    server_destroy(echo.server);
}

static void streams_arrive_as_they_are_sent(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/stream"));
    begin(&client, story, &options);
    story_until(story, client.status == 200);
    assert_string_equal(client.type, "text/event-stream");
    assert_int_equal(exchange_write(echo.held, SLICE("data: 1\n\n")), ERR_OK);
    story_until(story, client.body_len == 9);
    assert_int_equal(client.done, 0);
    exchange_end(echo.held);
    story_until(story, client.done);
    assert_int_equal(client.err, ERR_OK);

    begin(&client, story, &options); /* cut off in the middle */
    echo.held = NULL;
    story_until(story, echo.held && client.status);
    assert_int_equal(exchange_write(echo.held, SLICE("da")), ERR_OK);
    story_until(story, client.body_len == 2);
    exchange_abort(echo.held);
    story_until(story, client.done);
    assert_int_equal(client.err, ERR_CLOSED);
    server_destroy(echo.server);
}

static void every_phase_has_its_deadline(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/hold"));
    options.first_byte_timeout_ms = 60;
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_TIMEOUT);
    assert_string_equal(client.why, "no answer in time");
    story_until(story, echo.cancelled == 1);

    options = request_to(url_of(&echo, "/stream"));
    options.idle_timeout_ms = 60;
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_TIMEOUT);
    assert_string_equal(client.why, "the answer stalled");
    story_until(story, exchange_write(echo.held, SLICE("x")) == ERR_CLOSED);
    exchange_end(echo.held);
    echo.held = NULL;

    options.total_timeout_ms = 80;
    options.idle_timeout_ms = 3000;
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_TIMEOUT);
    assert_string_equal(client.why, "the request took too long");
    exchange_abort(echo.held);
    server_destroy(echo.server);
}

static void long_answers_are_cut(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    char text[900];
    memset(text, 'x', sizeof text);
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/echo"));
    options.method = "POST";
    options.body = (struct slice){text, sizeof text};
    options.max_body_bytes = 899;
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_FULL);
    options.max_body_bytes = 900;
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_OK);
    server_destroy(echo.server);
}

static void cancelled_calls_stay_silent(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/hold"));
    begin(&client, story, &options);
    http_cancel(client.call); /* before anything happened */
    begin(&client, story, &options);
    story_until(story, echo.held);
    http_cancel(client.call); /* while it waits */
    story_until(story, echo.cancelled == 1);

    options = request_to(url_of(&echo, "/stream"));
    begin(&client, story, &options);
    client.cancels_on_body = true;
    story_until(story, echo.held);
    assert_int_equal(exchange_write(echo.held, SLICE("data")), ERR_OK);
    story_until(story, client.body_len == 4); /* cancels from inside */
    story_until(story, exchange_write(echo.held, SLICE("x")) == ERR_CLOSED);
    exchange_end(echo.held);
    story_run_for(story, 20);
    assert_int_equal(client.done, 0);
    assert_int_equal(client.body_len, 4);
    server_destroy(echo.server);
}

static void one_call_cancels_another(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client first, second;
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/hold"));
    begin(&second, story, &options);
    story_until(story, echo.held);
    options = request_to(url_of(&echo, "/echo"));
    options.method = "POST";
    options.body = SLICE("hello");
    begin(&first, story, &options);
    first.other = &second;
    story_until(story, first.done && echo.cancelled == 1);
    assert_int_equal(first.err, ERR_OK);
    assert_int_equal(second.done, 0);
    begin(&second, story, &options); /* one that still resolves */
    begin(&first, story, &options);
    first.cancels_on_body = true;
    story_until(story, first.body_len);
    story_until(story, second.done);
    server_destroy(echo.server);
}

static void private_addresses_are_refused(void **state)
{
    struct story *story = *state;
    static const char *const urls[] = {"http://127.0.0.1:1/", "http://localhost:1/",
        "http://10.1.2.3/", "http://172.31.0.1/", "http://192.168.1.1/",
        "http://169.254.169.254/latest", "http://[::1]/", "http://[fe80::1]/", "http://[fd00::1]/",
        "http://[::ffff:127.0.0.1]/", "http://100.64.0.1/", "http://0.0.0.0/", "http://127.1/",
        "http://2130706433/", "http://0x7f.0.0.1/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct client client;
        struct http_options options = request_to(urls[i]);
        options.allow_private = false;
        run(&client, story, &options);
        if (client.err != ERR_REFUSED)
            fail_msg("%s: %s", urls[i], client.why);
        assert_string_equal(client.why, "private address");
    }
}

/* As a request would go: what looks like one host and means another has no second meaning here. */
static void the_host_of_a_url_is_told(void **state)
{
    static const struct {
        const char *url, *host; /* NULL: no URL to ask */
        bool is_secure;
    } rows[] = {
        {"https://API.Example.com/x", "api.example.com", true},
        {"http://example.com:8080?q=1", "example.com", false},
        {"HTTPS://[2001:DB8::1]:443/", "2001:db8::1", true},
        {"http://example.com#@other.net/", "example.com", false},
        {"http://example.com./", "example.com.", false},
        {"http://example.com\\other.net/", NULL},
        {"http://example%2ecom/", NULL},
        {"http://b\xc3\xbc"
         "cher.example/",
            NULL},
        {"http://user@example.com/", NULL},
        {"http://example.com\\@other.net/", NULL},
        {"http:///x", NULL},
        {"ftp://example.com/", NULL},
        {"//example.com/", NULL},
        {"http://exa mple.com/", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char host[HTTP_HOST_SIZE];
        bool is_secure;
        enum err err = http_host(rows[i].url, host, &is_secure);
        assert_int_equal(err, rows[i].host ? ERR_OK : ERR_BAD);
        if (!err) {
            assert_string_equal(host, rows[i].host);
            assert_int_equal(is_secure, rows[i].is_secure);
        }
    }
}

static void failures_say_what_failed(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/"));
    server_destroy(echo.server);
    run(&client, story, &options);
    assert_int_equal(client.err, ERR_UNREACHABLE);
    options = request_to("http://name.invalid/");
    run(&client, story, &options);
    assert_true(client.err == ERR_UNREACHABLE || client.err == ERR_TIMEOUT);

    static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/passwd", "http://u@h/",
        "http://", "http://h/a b", "http://h/\r\nx: y"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        options = request_to(urls[i]);
        assert_int_equal(
            http_start(&client.call, story->loop, &options, &listener, &client), ERR_BAD);
    }
    const struct http_header split = {"x", "a\r\nb: c"};
    options = request_to("http://127.0.0.1/");
    options.headers = &split;
    options.header_count = 1;
    assert_int_equal(http_start(&client.call, story->loop, &options, &listener, &client), ERR_BAD);
}

static void via_sends_https_in_the_clear_with_its_host(void **state)
{
    struct story *story = *state;
    struct client client;
    struct raw *raw = malloc(sizeof *raw);
    char via[64];
    int port, listener_fd = raw_listen(&port);
    snprintf(via, sizeof via, "127.0.0.1:%d", port);
    struct http_options options = request_to("https://voice.example.com/twilio/voice?x=1");
    options.method = "POST";
    options.body = SLICE("a=b");
    options.via = via;
    options.user_password = "user:secret";
    options.allow_private = false;
    begin(&client, story, &options);
    story_until(story, raw_accept(raw, listener_fd));
    story_until(story, raw_has(raw, "a=b"));
    assert_true(raw_has(raw, "POST /twilio/voice?x=1 HTTP/1.1\r\nHost: voice.example.com\r\n"));
    assert_true(raw_has(raw, "Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"));
    assert_false(raw_has(raw, "Expect:"));
    raw_say(
        raw, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nok");
    story_until(story, client.done);
    assert_int_equal(client.err, ERR_OK);
    assert_int_equal(client.status, 302); /* not followed */
    assert_int_equal(client.body_len, 2);
    raw_close(raw);
    free(raw);
    close(listener_fd);
}

static void loop_destroys_running_calls(void **state)
{
    struct story story = {0};
    struct echo_server echo;
    struct client client, second;
    (void)state;
    story_plain_setup(&story, NULL);
    echo_start(&echo, &story, &echo_options);
    struct http_options options = request_to(url_of(&echo, "/hold"));
    begin(&client, &story, &options);
    story_until(&story, echo.held);
    begin(&second, &story, &options);
    net_loop_destroy(story.loop);
    assert_int_equal(client.done + second.done, 0);
    assert_int_equal(open_descriptors(), story.descriptors);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(requests_are_answered),
        STORY(connections_are_kept),
        STORY(streams_arrive_as_they_are_sent),
        STORY(every_phase_has_its_deadline),
        STORY(long_answers_are_cut),
        STORY(cancelled_calls_stay_silent),
        STORY(one_call_cancels_another),
        STORY(private_addresses_are_refused),
        cmocka_unit_test(the_host_of_a_url_is_told),
        STORY(failures_say_what_failed),
        STORY(via_sends_https_in_the_clear_with_its_host),
        cmocka_unit_test(loop_destroys_running_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
