#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/metrics.h"
#include "unit/net/echo_server.h"
#include "unit/net/tls_front.h"

struct outcome {
    bool is_open, is_over;
    unsigned texts;
    int status;
    enum err err;
    char why[256];
};

static void on_open(void *owner)
{
    ((struct outcome *)owner)->is_open = true;
}

static void on_text(void *owner, struct slice message)
{
    assert_int_equal(message.len, 20000);
    ((struct outcome *)owner)->texts++;
}

static void over(struct outcome *outcome, enum err err, const char *why)
{
    assert_false(outcome->is_over);
    outcome->is_over = true;
    outcome->err = err;
    snprintf(outcome->why, sizeof outcome->why, "%s", why);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    (void)code;
    over(owner, err, why);
}

static void on_status(void *owner, int status, struct slice type, unsigned retry_after_ms)
{
    (void)type, (void)retry_after_ms;
    ((struct outcome *)owner)->status = status;
}

static void on_body(void *owner, struct slice data)
{
    (void)owner, (void)data;
}

static void on_done(void *owner, enum err err, const char *why)
{
    over(owner, err, why);
}

static const struct ws_listener ws_listener = {
    .on_open = on_open, .on_text = on_text, .on_closed = on_closed};
static const struct http_listener http_listener = {on_status, on_body, on_done};

/* A loop that trusts the front's authority or not, and the echo server on another behind that front. */
struct scene {
    struct story server, client;
    struct echo_server echo;
    struct tls_front *front;
    char via[40]; /* "": where the URL says */
};

static void turn(struct scene *scene)
{
    story_turn(&scene->server);
    story_turn(&scene->client);
}

static void scene_begin(struct scene *scene, const struct tls_front_options *front, bool is_trusted)
{
    signal(SIGPIPE, SIG_IGN);
    story_plain_setup(&scene->server, NULL);
    echo_start(&scene->echo, &scene->server, &echo_options);
    scene->front = tls_front_start(front, echo_port(&scene->echo));
    story_plain_setup(&scene->client, is_trusted ? tls_front_ca_file(scene->front) : NULL);
}

static void end_story(struct story *story)
{
    net_timer_destroy(story->tick);
    net_loop_destroy(story->loop);
}

static void scene_end(struct scene *scene)
{
    end_story(&scene->client);
    tls_front_stop(scene->front);
    server_destroy(scene->echo.server);
    end_story(&scene->server);
    assert_int_equal(open_descriptors(), scene->server.descriptors);
}

static void try_ws(struct scene *scene, struct outcome *outcome, const char *host, struct ws **ws)
{
    char url[128];
    snprintf(url, sizeof url, "wss://%s:%d/socket", host, tls_front_port(scene->front));
    struct ws_options options = {.url = url,
        .via = scene->via[0] ? scene->via : NULL,
        .is_via_tls = true,
        .connect_timeout_ms = 5000,
        .max_message_bytes = 50000,
        .max_queue_bytes = 500000};
    *outcome = (struct outcome){0};
    assert_int_equal(ws_connect(ws, scene->client.loop, &options, &ws_listener, outcome), ERR_OK);
    story_until(&scene->client, (turn(scene), outcome->is_open || outcome->is_over));
}

static void try_http(struct scene *scene, struct outcome *outcome, const char *host)
{
    char url[128];
    struct http_call *call;
    snprintf(url, sizeof url, "https://%s:%d/echo", host, tls_front_port(scene->front));
    struct http_options options = {.method = "GET",
        .url = url,
        .via = scene->via[0] ? scene->via : NULL,
        .is_via_tls = true,
        .connect_timeout_ms = 5000,
        .first_byte_timeout_ms = 5000,
        .max_body_bytes = 1000,
        .allow_private = true};
    *outcome = (struct outcome){0};
    assert_int_equal(
        http_start(&call, scene->client.loop, &options, &http_listener, outcome), ERR_OK);
    story_until(&scene->client, (turn(scene), outcome->is_over));
}

static void trusted_names_connect(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    char text[20000];
    (void)state;
    memset(text, 'x', sizeof text);
    scene_begin(&scene, &(struct tls_front_options){"localhost", FLAW_NONE}, true);
    try_ws(&scene, &outcome, "localhost", &ws);
    assert_true(outcome.is_open);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ws_send(ws, (struct slice){text, sizeof text}), ERR_OK);
    story_until(&scene.client, (turn(&scene), outcome.texts == 10));
    ws_close(ws, 1000, "");
    story_until(&scene.client, (turn(&scene), outcome.is_over));
    assert_int_equal(outcome.err, ERR_OK);

    try_http(&scene, &outcome, "localhost");
    assert_string_equal(outcome.why, "");
    assert_int_equal(outcome.status, 200);
    scene_end(&scene);
}

static void trusted_addresses_connect(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    (void)state;
    scene_begin(&scene, &(struct tls_front_options){"127.0.0.1", FLAW_NONE}, true);
    try_ws(&scene, &outcome, "127.0.0.1", &ws);
    assert_string_equal(outcome.why, "");
    assert_true(outcome.is_open);
    ws_close(ws, 1000, "");
    story_until(&scene.client, (turn(&scene), outcome.is_over));
    try_http(&scene, &outcome, "127.0.0.1");
    assert_string_equal(outcome.why, "");
    assert_int_equal(outcome.status, 200);
    scene_end(&scene);
}

/* By way of another address, name and certificate stay the URL's. */
static void by_way_of_an_address(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    (void)state;
    scene_begin(&scene, &(struct tls_front_options){"voice.example", FLAW_NONE}, true);
    snprintf(scene.via, sizeof scene.via, "127.0.0.1:%d", tls_front_port(scene.front));
    try_ws(&scene, &outcome, "voice.example", &ws);
    assert_string_equal(outcome.why, "");
    assert_true(outcome.is_open);
    ws_close(ws, 1000, "");
    story_until(&scene.client, (turn(&scene), outcome.is_over));
    try_http(&scene, &outcome, "voice.example");
    assert_string_equal(outcome.why, "");
    assert_int_equal(outcome.status, 200);
    scene_end(&scene);
    scene_begin(&scene, &(struct tls_front_options){"voice.example", FLAW_NONE}, true);
    snprintf(scene.via, sizeof scene.via, "127.0.0.1:%d", tls_front_port(scene.front));
    try_http(&scene, &outcome, "other.example");
    assert_string_equal(outcome.why, "certificate of other.example is for voice.example");
    scene_end(&scene);
}

/* Both clients refuse with the same words, before a byte of theirs has gone out. */
static void expect_refused(
    const struct tls_front_options *front, bool is_trusted, const char *host, const char *why)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    int64_t refused = metric_get(METRIC_TLS_REFUSED);
    scene_begin(&scene, front, is_trusted);
    try_ws(&scene, &outcome, host, &ws);
    assert_false(outcome.is_open);
    assert_int_equal(outcome.err, ERR_UNREACHABLE);
    assert_memory_equal(outcome.why, why, strlen(why));
    try_http(&scene, &outcome, host);
    assert_int_equal(outcome.err, ERR_UNREACHABLE);
    assert_memory_equal(outcome.why, why, strlen(why));
    assert_int_equal(scene.echo.requests + scene.echo.socket_count, 0);
    assert_int_equal(metric_get(METRIC_TLS_REFUSED), refused + 2);
    scene_end(&scene);
}

static void unknown_authorities_are_refused(void **state)
{
    (void)state;
    expect_refused(&(struct tls_front_options){"localhost", FLAW_NONE}, false, "localhost",
        "certificate of localhost: issuer Test authority is not trusted: set MOONLINE_CA_FILE");
}

static void self_signed_is_refused(void **state)
{
    (void)state;
    expect_refused(&(struct tls_front_options){"localhost", FLAW_SELF_SIGNED}, true, "localhost",
        "certificate of localhost is self-signed and not trusted: set MOONLINE_CA_FILE");
}

static void other_names_are_refused(void **state)
{
    (void)state;
    expect_refused(&(struct tls_front_options){"other.example", FLAW_NONE}, true, "localhost",
        "certificate of localhost is for other.example");
    expect_refused(&(struct tls_front_options){"localhost", FLAW_NONE}, true, "127.0.0.1",
        "certificate of 127.0.0.1 is for localhost");
    expect_refused(&(struct tls_front_options){"127.0.0.1", FLAW_NONE}, true, "localhost",
        "certificate of localhost is for 127.0.0.1");
}

static void other_dates_are_refused(void **state)
{
    (void)state;
    expect_refused(&(struct tls_front_options){"localhost", FLAW_EXPIRED}, true, "localhost",
        "certificate of localhost expired: 20");
    expect_refused(&(struct tls_front_options){"localhost", FLAW_NOT_YET}, true, "localhost",
        "certificate of localhost is not valid before 20");
}

static void an_unreadable_authority_stops_the_loop(void **state)
{
    struct net_loop *loop;
    (void)state;
    unsigned before = open_descriptors();
    assert_int_equal(net_loop_create(&loop, "x", "/nonexistent/ca.pem"), ERR_SYSTEM);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusted_names_connect),
        cmocka_unit_test(trusted_addresses_connect),
        cmocka_unit_test(by_way_of_an_address),
        cmocka_unit_test(unknown_authorities_are_refused),
        cmocka_unit_test(self_signed_is_refused),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(other_dates_are_refused),
        cmocka_unit_test(an_unreadable_authority_stops_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
