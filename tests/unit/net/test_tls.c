#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/metrics.h"
#include "tls_front.h"
#include "unit/net/echo_server.h"
#include "unit/net/guise.h"

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

/* Whom the client believes besides the system's authorities. */
enum trust { TRUST_SYSTEM, TRUST_AUTHORITY, TRUST_LEAF };

/* A loop that trusts the front's authority or not, and the echo server on another behind that front. */
struct scene {
    struct story server, client;
    struct echo_server echo;
    struct guise guise;
    struct tls_front *front;
    char via[40]; /* "": where the URL says */
};

static void turn(struct scene *scene)
{
    story_turn(&scene->server);
    story_turn(&scene->client);
}

static void start_front(struct scene *scene)
{
    char why[256];
    struct tls_front_options options = {.listen = "127.0.0.1:0",
        .to_port = echo_port(&scene->echo),
        .certificate_file = scene->guise.certificate_file,
        .key_file = scene->guise.key_file};
    if (tls_front_start(&scene->front, &options, why))
        fail_msg("%s", why);
}

static void scene_begin_trusting(
    struct scene *scene, const char *name, enum flaw flaw, enum trust trust)
{
    signal(SIGPIPE, SIG_IGN);
    guise_make(&scene->guise, name, flaw);
    story_plain_setup(&scene->server, NULL);
    echo_start(&scene->echo, &scene->server, &echo_options);
    start_front(scene);
    const char *const files[] = {[TRUST_SYSTEM] = NULL,
        [TRUST_AUTHORITY] = scene->guise.authority_file,
        [TRUST_LEAF] = scene->guise.certificate_file};
    story_plain_setup(&scene->client, files[trust]);
}

static void scene_begin(struct scene *scene, const char *name)
{
    scene_begin_trusting(scene, name, FLAW_NONE, TRUST_AUTHORITY);
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
    guise_remove(&scene->guise);
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
    const struct http_header header = {"Connection", "close"}; /* the next one is a new one */
    struct http_options options = {.method = "GET",
        .url = url,
        .headers = &header,
        .header_count = 1,
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
    scene_begin(&scene, "localhost");
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
    scene_begin(&scene, "127.0.0.1");
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
    scene_begin(&scene, "voice.example");
    snprintf(scene.via, sizeof scene.via, "127.0.0.1:%d", tls_front_port(scene.front));
    try_ws(&scene, &outcome, "voice.example", &ws);
    assert_string_equal(outcome.why, "");
    assert_true(outcome.is_open);
    ws_close(ws, 1000, "");
    story_until(&scene.client, (turn(&scene), outcome.is_over));
    try_http(&scene, &outcome, "voice.example");
    assert_string_equal(outcome.why, "");
    assert_int_equal(outcome.status, 200);
    try_http(&scene, &outcome, "other.example");
    assert_string_equal(outcome.why, "certificate of other.example is for voice.example");
    scene_end(&scene);
}

static void greet(struct scene *scene, const char *host)
{
    struct outcome outcome;
    struct ws *ws;
    try_ws(scene, &outcome, host, &ws);
    assert_string_equal(outcome.why, "");
    assert_true(outcome.is_open);
    char text[20000];
    memset(text, 'x', sizeof text);
    assert_int_equal(ws_send(ws, (struct slice){text, sizeof text}), ERR_OK);
    story_until(&scene->client, (turn(scene), outcome.texts == 1)); /* the session came before */
    ws_close(ws, 1000, "");
    story_until(&scene->client, (turn(scene), outcome.is_over));
}

static void sockets_resume_the_session_before(void **state)
{
    struct scene scene = {0};
    (void)state;
    scene_begin(&scene, "localhost");
    greet(&scene, "localhost");
    assert_int_equal(tls_front_resumed(scene.front), 0);
    for (int i = 1; i <= 3; i++) {
        greet(&scene, "localhost");
        assert_int_equal(tls_front_resumed(scene.front), i);
    }
    scene_end(&scene);
}

static void requests_resume_the_session_before(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    (void)state;
    scene_begin(&scene, "localhost");
    for (int i = 0; i <= 3; i++) {
        try_http(&scene, &outcome, "localhost");
        assert_string_equal(outcome.why, "");
        assert_int_equal(outcome.status, 200);
        assert_int_equal(tls_front_resumed(scene.front), i);
    }
    scene_end(&scene);
}

/* A session says nothing of other names at the same address. */
static void sessions_are_of_one_name(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    (void)state;
    scene_begin(&scene, "voice.example");
    snprintf(scene.via, sizeof scene.via, "127.0.0.1:%d", tls_front_port(scene.front));
    greet(&scene, "voice.example");
    try_ws(&scene, &outcome, "other.example", &ws);
    assert_string_equal(outcome.why, "certificate of other.example is for voice.example");
    try_http(&scene, &outcome, "voice.example");
    try_http(&scene, &outcome, "other.example");
    assert_string_equal(outcome.why, "certificate of other.example is for voice.example");
    assert_int_equal(tls_front_resumed(scene.front), 0);
    greet(&scene, "voice.example");
    assert_int_equal(tls_front_resumed(scene.front), 1);
    scene_end(&scene);
}

/* Both clients refuse with the same words, before a byte of theirs has gone out. */
static void expect_refused(
    const char *name, enum flaw flaw, enum trust trust, const char *host, const char *why)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    int64_t refused = metric_get(METRIC_TLS_REFUSED);
    scene_begin_trusting(&scene, name, flaw, trust);
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
    expect_refused("localhost", FLAW_NONE, TRUST_SYSTEM, "localhost",
        "certificate of localhost: issuer Test authority is not trusted: set MOONLINE_CA_FILE");
}

static void self_signed_is_refused_unless_it_is_the_one(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    (void)state;
    expect_refused("localhost", FLAW_SELF_SIGNED, TRUST_AUTHORITY, "localhost",
        "certificate of localhost is self-signed and not trusted: set MOONLINE_CA_FILE");
    scene_begin_trusting(&scene, "localhost", FLAW_SELF_SIGNED, TRUST_LEAF);
    try_http(&scene, &outcome, "localhost");
    assert_string_equal(outcome.why, "");
    assert_int_equal(outcome.status, 200);
    scene_end(&scene);
}

static void other_names_are_refused(void **state)
{
    (void)state;
    expect_refused("other.example", FLAW_NONE, TRUST_AUTHORITY, "localhost",
        "certificate of localhost is for other.example");
    expect_refused("localhost", FLAW_NONE, TRUST_AUTHORITY, "127.0.0.1",
        "certificate of 127.0.0.1 is for localhost");
    expect_refused("127.0.0.1", FLAW_NONE, TRUST_AUTHORITY, "localhost",
        "certificate of localhost is for 127.0.0.1");
}

static void other_dates_are_refused(void **state)
{
    (void)state;
    expect_refused("localhost", FLAW_EXPIRED, TRUST_AUTHORITY, "localhost",
        "certificate of localhost expired: 20");
    expect_refused("localhost", FLAW_NOT_YET, TRUST_AUTHORITY, "localhost",
        "certificate of localhost is not valid before 20");
}

/* ---- the front that the stories and the sandbox stand behind ---- */

static void expect_no_front(struct tls_front_options options, const char *why_not)
{
    char why[256];
    struct tls_front *front;
    options.listen = options.listen ? options.listen : "127.0.0.1:0";
    assert_int_not_equal(tls_front_start(&front, &options, why), ERR_OK);
    assert_non_null(strstr(why, why_not));
}

static void a_front_says_what_it_lacks(void **state)
{
    struct guise one, other;
    (void)state;
    unsigned before = open_descriptors();
    guise_make(&one, "localhost", FLAW_NONE);
    guise_make(&other, "localhost", FLAW_NONE);
    expect_no_front((struct tls_front_options){.certificate_file = "/nonexistent/leaf.pem",
                        .key_file = one.key_file},
        "/nonexistent/leaf.pem");
    expect_no_front((struct tls_front_options){.certificate_file = one.certificate_file,
                        .key_file = other.key_file},
        other.key_file);
    expect_no_front((struct tls_front_options){.names = "nonsense"}, "nonsense");
    expect_no_front(
        (struct tls_front_options){.names = "DNS:localhost", .ca_out = "/nonexistent/ca.pem"},
        "/nonexistent/ca.pem");
    expect_no_front(
        (struct tls_front_options){.names = "DNS:localhost", .listen = "localhost"}, "localhost");
    guise_remove(&one);
    guise_remove(&other);
    assert_int_equal(open_descriptors(), before);
}

/* Nobody reads for a while: what is sent waits in bounded buffers, and all of it arrives. */
static void a_slow_reader_gets_everything(void **state)
{
    struct scene scene = {0};
    struct outcome outcome;
    struct ws *ws;
    char text[20000];
    (void)state;
    memset(text, 'x', sizeof text);
    scene_begin(&scene, "localhost");
    try_ws(&scene, &outcome, "localhost", &ws);
    for (unsigned round = 1; round <= 20; round++) {
        for (int i = 0; i < 20; i++)
            assert_int_equal(ws_send(ws, (struct slice){text, sizeof text}), ERR_OK);
        story_run_for(&scene.server, 2); /* only the server runs */
        story_until(&scene.client, (turn(&scene), outcome.texts == 20 * round));
    }
    ws_close(ws, 1000, "");
    story_until(&scene.client, (turn(&scene), outcome.is_over));
    assert_int_equal(outcome.err, ERR_OK);
    scene_end(&scene);
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
        cmocka_unit_test(sockets_resume_the_session_before),
        cmocka_unit_test(requests_resume_the_session_before),
        cmocka_unit_test(sessions_are_of_one_name),
        cmocka_unit_test(unknown_authorities_are_refused),
        cmocka_unit_test(self_signed_is_refused_unless_it_is_the_one),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(other_dates_are_refused),
        cmocka_unit_test(an_unreadable_authority_stops_the_loop),
        cmocka_unit_test(a_front_says_what_it_lacks),
        cmocka_unit_test(a_slow_reader_gets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
