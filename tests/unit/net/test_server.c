#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/net/echo_server.h"

static struct raw *raw_new(int port)
{
    struct raw *raw = malloc(sizeof *raw);
    assert_non_null(raw);
    raw_connect(raw, port);
    return raw;
}

static void raw_free(struct raw *raw)
{
    raw_close(raw);
    free(raw);
}

static void plain_requests_are_answered(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    raw_say(raw, "POST /echo?a=%20b&c HTTP/1.1\r\nHost: h\r\ncontent-TYPE: text/x \r\n"
                 "Content-Length: 5\r\n\r\nhello");
    story_until(story, raw_has(raw, "\r\n\r\nhello"));
    assert_true(raw_has(raw, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nRetry-After: 3\r\n"
                             "Content-Length: 5\r\n\r\nhello"));
    assert_string_equal(echo.query, "a=%20b&c");
    assert_string_equal(echo.type, "text/x");
    assert_string_equal(echo.method, "POST");

    raw->len = 0; /* the connection is kept; an unknown path is answered too */
    raw_say(raw, "HEAD /no/such HTTP/1.1\r\nHost: h\r\n\r\n");
    story_until(story, raw_has(raw, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    raw->len = 0;
    raw_say(raw, "GET /echo HTTP/1.0\r\n\r\n");
    story_until(story, (raw_poll(raw), raw->is_closed));
    assert_true(raw_has(raw, "Connection: close\r\n"));
    raw_free(raw);
    server_destroy(echo.server);
}

static void chunked_and_split_requests_are_read(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    const char *request = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
    for (const char *at = request; *at; at++) {
        raw_send(raw, at, 1);
        if ((at - request) % 10 == 0)
            story_turn(story);
    }
    story_until(story, raw_has(raw, "\r\n\r\nhello world"));
    raw_free(raw);
    server_destroy(echo.server);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    raw_say(raw,
        "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwo"
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthree");
    story_until(story, echo.held);
    story_run_for(story, 10);
    assert_int_equal(echo.requests, 1);
    exchange_answer(echo.held, 200, NULL, SLICE("one"));
    story_until(story, (raw_poll(raw), raw->is_closed));
    assert_int_equal(echo.requests, 3);
    const char *one = strstr(raw->data, "\r\n\r\none"), *two = strstr(raw->data, "\r\n\r\ntwo");
    assert_true(one && two && one < two && strstr(two, "\r\n\r\nthree"));
    raw_free(raw);
    server_destroy(echo.server);
}

struct refusal {
    const char *request;
    const char *status;
};

#define WS_HEAD "GET /socket HTTP/1.1\r\nHost: h\r\n"
#define WS_KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define WS_UPGRADE "Connection: Upgrade\r\nUpgrade: websocket\r\n"

static const struct refusal refusals[] = {
    {"nonsense\r\n\r\n", "400"},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
    {"GET / HTTP/1.1\r\n\r\n", "400"},
    {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "400"},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400"},
    {"GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", "400"},
    {"GET / HTTP/1.1\nHost: h\n\r\n\r\n", "400"},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "400"},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n", "400"},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", "413"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nx", "413"},
    {WS_HEAD WS_KEY WS_UPGRADE "Sec-WebSocket-Version: 8\r\n\r\n", "426"},
    {WS_HEAD WS_KEY WS_UPGRADE "\r\n", "426"},
    {WS_HEAD WS_UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n", "400"},
    {WS_HEAD WS_KEY "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", "400"},
    {WS_HEAD
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "400"},
    {WS_HEAD WS_KEY WS_UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n\x81\x80", "400"},
    {"POST /socket HTTP/1.1\r\nHost: h\r\n" WS_KEY WS_UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n",
        "400"},
    {"GET /nowhere HTTP/1.1\r\nHost: h\r\n" WS_KEY WS_UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n",
        "404"},
    {"GET /forbidden HTTP/1.1\r\nHost: h\r\n" WS_KEY WS_UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n",
        "403"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
};

static void what_is_wrong_is_refused_with_a_status(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "HTTP/1.1 %s ", refusals[i].status);
        struct raw *raw = raw_new(echo_port(&echo));
        raw_say(raw, refusals[i].request);
        story_until(story, (raw_poll(raw), raw->is_closed));
        if (strncmp(raw->data, expected, strlen(expected)))
            fail_msg("%s\nanswered by %s", refusals[i].request, raw->data);
        raw_free(raw);
    }
    assert_int_equal(echo.requests, 0);
    assert_int_equal(echo.socket_count, 0);
    server_destroy(echo.server);
}

static void a_refused_upgrade_may_say_why(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    raw_say(raw, "GET /forbidden HTTP/1.1\r\nHost: h\r\n" WS_KEY WS_UPGRADE
                 "Sec-WebSocket-Version: 13\r\n\r\n");
    story_until(story, (raw_poll(raw), raw->is_closed));
    assert_true(raw_has(raw, "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
                             "Connection: close\r\nContent-Length: 19\r\n\r\n"
                             "{\"error\":\"not you\"}"));
    raw_free(raw);
    server_destroy(echo.server);
}

static void large_heads_are_refused(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    char filler[17000];
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    raw_say(raw, "GET / HTTP/1.1\r\nHost: h\r\nX-Long: ");
    raw_say(raw, filler);
    story_until(story, raw_has(raw, "HTTP/1.1 431 "));
    raw_free(raw);
    server_destroy(echo.server);
}

static void slow_requests_end_in_time(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server_options options = echo_options;
    options.request_timeout_ms = 60;
    echo_start(&echo, story, &options);
    struct raw *silent = raw_new(echo_port(&echo)), *slow = raw_new(echo_port(&echo));
    struct raw *body = raw_new(echo_port(&echo));
    raw_say(slow, "GET / HTT");
    raw_say(body, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    for (int i = 0; i < 40 && !slow->is_closed; i++) {
        story_run_for(story, 5);
        send(slow->fd, "P", 1, MSG_NOSIGNAL); /* a byte now and then does not help */
        raw_poll(slow);
    }
    assert_true(raw_has(slow, "HTTP/1.1 408 "));
    story_until(story, raw_has(body, "HTTP/1.1 408 "));
    story_until(story, (raw_poll(silent), silent->is_closed));
    assert_int_equal(silent->len, 0);
    raw_free(silent);
    raw_free(slow);
    raw_free(body);
    server_destroy(echo.server);
}

static void late_answers_and_clients_that_left(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    raw_say(raw, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    story_until(story, echo.held);
    exchange_answer(echo.held, 204, NULL, (struct slice){0});
    story_until(story, raw_has(raw, "HTTP/1.1 204 No Content\r\n\r\n"));
    echo.held = NULL;
    raw_say(raw, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    story_until(story, echo.held);
    raw_free(raw);
    story_until(story, echo.cancelled == 1);
    raw = raw_new(echo_port(&echo)); /* held when the server ends: silently gone */
    raw_say(raw, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    story_until(story, echo.held);
    server_destroy(echo.server);
    assert_int_equal(echo.cancelled, 1);
    raw_free(raw);
}

static void answers_stream(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    raw_say(raw, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    story_until(story, raw_has(raw, "Transfer-Encoding: chunked\r\n\r\n"));
    assert_int_equal(exchange_write(echo.held, SLICE("data: 1\n\n")), ERR_OK);
    story_until(story, raw_has(raw, "9\r\ndata: 1\n\n\r\n"));
    assert_int_equal(exchange_write(echo.held, SLICE("data: 2\n\n")), ERR_OK);
    exchange_end(echo.held);
    story_until(story, raw_has(raw, "9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
    echo.held = NULL;
    raw->len = 0;
    raw_say(raw, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"); /* on the same connection */
    story_until(story, echo.held);
    assert_int_equal(exchange_write(echo.held, SLICE("half")), ERR_OK);
    exchange_abort(echo.held);
    story_until(story, (raw_poll(raw), raw->is_closed));
    assert_false(raw_has(raw, "0\r\n\r\n"));
    raw_free(raw);
    server_destroy(echo.server);
}

static void streams_notice_clients_that_left_or_do_not_read(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    echo_start(&echo, story, &echo_options);
    struct raw *raw = raw_new(echo_port(&echo));
    raw_say(raw, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    story_until(story, echo.held);
    char *block = calloc(1, 100000);
    struct slice data = {block, 100000};
    enum err err = ERR_OK;
    for (int i = 0; i < 200 && !err; i++)
        err = exchange_write(echo.held, data);
    assert_int_equal(err, ERR_FULL);
    raw_free(raw);
    story_until(story, exchange_write(echo.held, SLICE("x")) == ERR_CLOSED);
    assert_int_equal(echo.cancelled, 0);
    exchange_end(echo.held);
    free(block);
    server_destroy(echo.server);
}

static void connections_are_bounded(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server_options options = echo_options;
    options.max_connections = 2;
    echo_start(&echo, story, &options);
    struct raw *raws[3];
    for (int i = 0; i < 3; i++) {
        raws[i] = raw_new(echo_port(&echo));
        raw_say(raws[i], "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        story_run_for(story, 10);
    }
    assert_int_equal(echo.requests, 2);
    raw_free(raws[0]);
    story_until(story, raw_has(raws[2], "HTTP/1.1 404 "));
    raw_free(raws[1]);
    raw_free(raws[2]);
    server_destroy(echo.server);
}

static void a_port_in_use_says_so(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server *second;
    char listen[64], why[200];
    struct server_options options = echo_options;
    static const struct server_handlers none;
    echo_start(&echo, story, &echo_options);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", echo_port(&echo));
    options.listen = listen;
    assert_int_equal(server_start(&second, story->loop, &options, &none, NULL, why), ERR_SYSTEM);
    assert_non_null(strstr(why, listen));
    assert_non_null(strstr(why, "in use"));
    options.listen = "localhost";
    assert_int_equal(server_start(&second, story->loop, &options, &none, NULL, why), ERR_SYSTEM);
    server_destroy(echo.server);
}

static void another_process_is_noticed(void **state)
{
    struct story *story = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    struct server *server;
    struct server_options options = echo_options;
    static const struct server_handlers none;
    char listen_on[64], why[200];
    snprintf(listen_on, sizeof listen_on, "127.0.0.1:%d", ntohs(address.sin_port));
    options.listen = listen_on;
    options.is_shared = true;
    enum err err = server_start(&server, story->loop, &options, &none, NULL, why);
    assert_int_equal(err, ERR_SYSTEM);
    assert_non_null(strstr(why, "in use"));
    close(fd);
}

static void loops_share_a_port(void **state)
{
    struct story *story = *state;
    struct story other = {0};
    struct echo_server first, second;
    struct server_options options = echo_options;
    char listen[64];
    options.is_shared = true;
    echo_start(&first, story, &options);
    story_plain_setup(&other, NULL);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", echo_port(&first));
    options.listen = listen;
    echo_start(&second, &other, &options);
    for (int i = 0; i < 30; i++) {
        struct raw *raw = raw_new(echo_port(&first));
        raw_say(raw, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        story_until(story, (story_turn(&other), raw_has(raw, "HTTP/1.1 404 ")));
        raw_free(raw);
    }
    assert_true(first.requests > 0 && second.requests > 0);
    server_destroy(second.server);
    net_timer_destroy(other.tick);
    net_loop_destroy(other.loop);
    server_destroy(first.server);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(plain_requests_are_answered),
        STORY(chunked_and_split_requests_are_read),
        STORY(pipelined_requests_are_answered_in_order),
        STORY(what_is_wrong_is_refused_with_a_status),
        STORY(a_refused_upgrade_may_say_why),
        STORY(large_heads_are_refused),
        STORY(slow_requests_end_in_time),
        STORY(late_answers_and_clients_that_left),
        STORY(answers_stream),
        STORY(streams_notice_clients_that_left_or_do_not_read),
        STORY(connections_are_bounded),
        STORY(a_port_in_use_says_so),
        STORY(another_process_is_noticed),
        STORY(loops_share_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
