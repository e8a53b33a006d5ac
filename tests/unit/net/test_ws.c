#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "unit/net/echo_server.h"

struct client {
    struct ws *ws;
    bool is_open, is_closed;
    unsigned texts, bads;
    char last[128];
    size_t last_len;
    unsigned long sum; /* of all bytes, in order */
    enum err err;
    int code;
    char why[96];
    bool destroys_on_text;
    struct client *other; /* destroyed too */
};

static void client_open(void *owner)
{
    struct client *client = owner;
    client->is_open = true;
}

static unsigned long sum_of(unsigned long sum, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        sum = sum * 31 + (unsigned char)text.data[i];
    return sum;
}

static void client_text(void *owner, struct slice message)
{
    struct client *client = owner;
    client->texts++;
    client->last_len = message.len;
    client->sum = sum_of(client->sum, message);
    slice_copy(message, client->last, sizeof client->last);
    if (client->other) {
        ws_close_now(client->other->ws);
        client->other->ws = NULL;
    }
    if (client->destroys_on_text) {
        ws_close_now(client->ws);
        client->ws = NULL;
    }
}

static void client_bad(void *owner, const char *why)
{
    struct client *client = owner;
    client->bads++;
    snprintf(client->why, sizeof client->why, "%s", why);
}

static void client_closed(void *owner, enum err err, int code, const char *why)
{
    struct client *client = owner;
    assert_false(client->is_closed);
    client->is_closed = true;
    client->err = err;
    client->code = code;
    client->ws = NULL;
    snprintf(client->why, sizeof client->why, "%s", why);
}

static const struct ws_listener client_listener = {.on_open = client_open,
    .on_text = client_text,
    .on_bad = client_bad,
    .on_closed = client_closed};

static void begin_connect(
    struct client *client, struct story *story, const char *url, const char *via)
{
    const struct ws_header headers[] = {{"authorization", "Bearer test"}, {"x-extra", "1"}};
    struct ws_options options = {
        .url = url,
        .via = via,
        .headers = headers,
        .header_count = 2,
        .connect_timeout_ms = 3000,
        .max_message_bytes = 200000,
        .max_queue_bytes = 1 << 20,
    };
    *client = (struct client){0};
    assert_int_equal(
        ws_connect(&client->ws, story->loop, &options, &client_listener, client), ERR_OK);
    assert_false(client->is_open || client->is_closed);
}

static void start_client(struct client *client, struct story *story, int port)
{
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/socket?x=1", port);
    begin_connect(client, story, url, NULL);
}

static void connect_client(struct client *client, struct story *story, int port)
{
    start_client(client, story, port);
    story_until(story, client->is_open || client->is_closed);
    assert_true(client->is_open);
}

static void close_client(struct client *client, struct story *story)
{
    ws_close(client->ws, 1000, "done");
    story_until(story, client->is_closed);
}

static void text_comes_back(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    connect_client(&client, story, echo_port(&echo));
    assert_int_equal(ws_send(client.ws, SLICE("hello")), ERR_OK);
    assert_int_equal(ws_send(client.ws, SLICE("")), ERR_OK);
    assert_int_equal(ws_send(client.ws, SLICE("wörld")), ERR_OK);
    assert_int_equal(client.texts, 0);
    story_until(story, client.texts == 3);
    assert_string_equal(client.last, "wörld");
    assert_int_equal(ws_queued_bytes(client.ws), 0);
    close_client(&client, story);
    assert_int_equal(client.err, ERR_OK);
    story_until(story, echo.closed == 1);
    assert_int_equal(echo.closed_err, ERR_OK);
    assert_int_equal(echo.closed_code, 1000);
    server_destroy(echo.server);
}

static void many_and_large_messages_keep_their_order(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    static const size_t sizes[] = {
        1, 125, 126, 127, 330, 4095, 4096, 4097, 16384, 65535, 65536, 99999};
    echo_start(&echo, story, &echo_options);
    connect_client(&client, story, echo_port(&echo));
    unsigned long sum = 0;
    char *text = malloc(100000);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            for (size_t j = 0; j < sizes[i]; j++)
                text[j] = (char)('a' + (i + j * 7 + round) % 26);
            struct slice message = {text, sizes[i]};
            assert_int_equal(ws_send(client.ws, message), ERR_OK);
            sum = sum_of(sum, message);
        }
    }
    free(text);
    story_until(story, client.texts == 24);
    assert_true(client.sum == sum);
    assert_int_equal(client.last_len, 99999);
    close_client(&client, story);
    server_destroy(echo.server);
}

static void pieces_and_fragments_become_messages(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct raw *raw = malloc(sizeof *raw);
    char text[3000];
    memset(text, 'x', sizeof text);
    echo_start(&echo, story, &echo_options);
    raw_upgrade(story, raw, echo_port(&echo));
    raw_frame(raw, 0x01, "one ", 4);
    story_run_for(story, 5);
    raw_frame(raw, 0x89, "ping", 4); /* between the fragments */
    raw_frame(raw, 0x00, "two ", 4);
    raw_frame(raw, 0x80, "three", 5);
    story_until(story, raw_has(raw, "one two three"));
    assert_true(raw_has(raw, "\x8a\x04ping"));
    assert_int_equal(echo.texts, 1);

    raw_send(raw, "\x81", 1); /* a frame byte by byte */
    story_run_for(story, 2);
    raw_send(raw, "\x83", 1);
    story_run_for(story, 2);
    raw_send(raw, "\0\0\0\0a", 5);
    story_run_for(story, 2);
    raw_send(raw, "bc", 2);
    story_until(story, echo.texts == 2);
    assert_int_equal(echo.last_len, 3);

    for (int i = 0; i < 20; i++) /* several in one segment */
        raw_frame(raw, 0x81, text, sizeof text);
    story_until(story, echo.texts == 22);
    assert_int_equal(echo.last_len, 3000);
    raw_close(raw);
    story_until(story, echo.closed == 1);
    assert_int_equal(echo.closed_err, ERR_CLOSED);
    free(raw);
    server_destroy(echo.server);
}

static void bad_messages_are_dropped_and_the_socket_lives(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct raw *raw = malloc(sizeof *raw);
    struct server_options options = echo_options;
    options.max_message_bytes = 100;
    char text[9000];
    memset(text, 'x', sizeof text);
    echo_start(&echo, story, &options);
    raw_upgrade(story, raw, echo_port(&echo));
    raw_frame(raw, 0x81, text, 101);
    story_until(story, echo.bads == 1);
    assert_string_equal(echo.last_bad, "message too large");
    raw_frame(raw, 0x81, text, 1600);
    raw_frame(raw, 0x01, text, 60);
    raw_frame(raw, 0x80, text, 60);
    story_until(story, echo.bads == 3);
    raw_frame(raw, 0x82, text, 10);
    story_until(story, echo.bads == 4);
    assert_string_equal(echo.last_bad, "binary message");
    raw_frame(raw, 0x81, text, 100);
    story_until(story, echo.texts == 1);
    assert_int_equal(echo.last_len, 100);
    assert_int_equal(echo.closed, 0);
    raw_frame(raw, 0x81, text, 1601); /* but not without end */
    story_until(story, raw_has(raw, "\x88\x13\x03\xf1message too large"));
    raw_close(raw);
    free(raw);
    story_until(story, echo.closed == 1);
    assert_int_equal(echo.closed_code, 1009);
    server_destroy(echo.server);
}

/* More than the kernel takes waits in our queue: what was sent in part is finished, audio gives way, and
   what the client finally reads is whole messages in order. */
static void a_slow_reader_loses_audio_only(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server_options options = echo_options;
    struct client client;
    options.max_queue_bytes = 8u << 20;
    echo_start(&echo, story, &options);
    connect_client(&client, story, echo_port(&echo));
    struct ws *ws = echo.sockets[0].ws;
    char *block = malloc(100000);
    memset(block, 'x', 100000);
    unsigned texts = 0, dropped = 0;
    for (; texts < 60; texts++) /* without a turn of the loop: nothing is read meanwhile */
        assert_int_equal(ws_send(ws, (struct slice){block, 100000}), ERR_OK);
    for (unsigned i = 0; i < 12; i++)
        dropped += (unsigned)ws_send_audio(ws, (struct slice){block, 160}, 10);
    assert_true(ws_queued_bytes(ws) > 0);
    assert_int_equal(dropped, 2);
    assert_int_equal(ws_send(ws, SLICE("last")), ERR_OK);
    story_until(story, client.texts == texts + 10 + 1);
    assert_string_equal(client.last, "last");
    assert_int_equal(ws_queued_bytes(ws), 0);
    for (unsigned i = 0; i < 25; i++) /* a burst that the kernel takes is not a queue */
        assert_int_equal(ws_send_audio(ws, SLICE("frame"), 10), 0);
    story_until(story, client.texts == texts + 10 + 1 + 25);
    free(block);
    close_client(&client, story);
    server_destroy(echo.server);
}

static void unmasked_frames_close_the_socket(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct raw *raw = malloc(sizeof *raw);
    echo_start(&echo, story, &echo_options);
    raw_upgrade(story, raw, echo_port(&echo));
    raw_send(raw, "\x81\x02hi", 4);
    story_until(story, echo.closed == 1);
    assert_int_equal(echo.texts, 0);
    story_until(story, (raw_poll(raw), raw->is_closed));
    raw_close(raw);
    free(raw);
    server_destroy(echo.server);
}

static void flood_closes_only_its_socket(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server_options options = echo_options;
    struct client calm;
    struct raw *raw = malloc(sizeof *raw);
    options.max_messages_per_second = 50;
    echo_start(&echo, story, &options);
    connect_client(&calm, story, echo_port(&echo));
    raw_upgrade(story, raw, echo_port(&echo));
    echo.is_echoing = false;
    for (int i = 0; i < 60; i++)
        raw_frame(raw, 0x81, "x", 1);
    story_until(story, raw_has(raw, "\x88\x13\x03\xf0too many messages"));
    assert_int_equal(echo.texts, 50);
    story_until(story, echo.closed == 1);
    assert_int_equal(echo.closed_code, 1008);
    assert_int_equal(echo.closed_err, ERR_REFUSED);
    raw_close(raw);
    free(raw);
    echo.is_echoing = true;
    assert_int_equal(ws_send(calm.ws, SLICE("still here")), ERR_OK);
    story_until(story, calm.texts == 1);
    close_client(&calm, story);
    server_destroy(echo.server);
}

/* Until the socket is open all of it waits. */
static void audio_drops_its_oldest(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    start_client(&client, story, echo_port(&echo));
    assert_int_equal(ws_send_audio(client.ws, SLICE("a1"), 3), 0);
    assert_int_equal(ws_send(client.ws, SLICE("mark")), ERR_OK);
    assert_int_equal(ws_send_audio(client.ws, SLICE("a2"), 3), 0);
    assert_int_equal(ws_send_audio(client.ws, SLICE("a3"), 3), 0);
    assert_int_equal(ws_send_audio(client.ws, SLICE("a4"), 3), 1);
    assert_int_equal(ws_queued_bytes(client.ws), 10);
    unsigned long sum = sum_of(0, SLICE("marka2a3a4"));
    story_until(story, client.texts == 4);
    assert_true(client.sum == sum);
    close_client(&client, story);

    start_client(&client, story, echo_port(&echo));
    ws_send_audio(client.ws, SLICE("b1"), 9);
    ws_send_audio(client.ws, SLICE("b2"), 9);
    assert_int_equal(ws_send(client.ws, SLICE("clear")), ERR_OK);
    assert_int_equal(ws_drop_audio(client.ws), 2);
    story_until(story, client.texts == 1);
    assert_string_equal(client.last, "clear");
    close_client(&client, story);
    server_destroy(echo.server);
}

/* The first message meets a closed door, the next ones a broken connection: nobody is told in the middle of sending. */
static void sending_on_a_lost_connection_ends_it(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    connect_client(&client, story, echo_port(&echo));
    server_destroy(echo.server);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ws_send(client.ws, SLICE("anyone?")), ERR_OK);
    assert_false(client.is_closed);
    story_until(story, client.is_closed);
    assert_int_equal(client.err, ERR_CLOSED);
}

static void full_queue_refuses(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server_options options = echo_options;
    struct raw *raw = malloc(sizeof *raw);
    options.max_queue_bytes = 10;
    echo_start(&echo, story, &options);
    raw_upgrade(story, raw, echo_port(&echo));
    struct ws *ws = echo.sockets[0].ws;
    assert_int_equal(ws_send(ws, SLICE("12345678")), ERR_OK);
    assert_int_equal(ws_send(ws, SLICE("123")), ERR_FULL);
    assert_int_equal(ws_send_audio(ws, SLICE("123"), 5), 1);
    assert_int_equal(ws_send(ws, SLICE("12")), ERR_OK);
    story_until(story, ws_queued_bytes(ws) == 0);
    assert_int_equal(ws_send(ws, SLICE("123")), ERR_OK);
    raw_close(raw);
    free(raw);
    server_destroy(echo.server);
}

static void either_side_may_close(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    connect_client(&client, story, echo_port(&echo));
    assert_int_equal(ws_send(client.ws, SLICE("close me")), ERR_OK);
    story_until(story, client.is_closed && echo.closed == 1);
    assert_int_equal(client.err, ERR_OK);
    assert_int_equal(client.code, 4001);
    assert_int_equal(client.texts, 1); /* the echo went out before the close */

    connect_client(&client, story, echo_port(&echo));
    assert_int_equal(ws_send(client.ws, SLICE("drop me")), ERR_OK);
    story_until(story, client.is_closed);
    assert_int_equal(client.err, ERR_CLOSED);
    assert_int_equal(echo.closed, 1); /* close_now is silent */
    server_destroy(echo.server);
}

static void deaf_peer_is_dropped_in_time(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct server_options options = echo_options;
    struct raw *raw = malloc(sizeof *raw);
    options.max_queue_bytes = 64u << 20;
    echo_start(&echo, story, &options);
    raw_upgrade(story, raw, echo_port(&echo));
    struct slice block = {calloc(1, 1 << 20), 1 << 20};
    memset((char *)block.data, 'x', block.len);
    for (int i = 0; i < 32; i++)
        assert_int_equal(ws_send(echo.sockets[0].ws, block), ERR_OK);
    free((char *)block.data);
    uint64_t start_ms = clock_ms();
    ws_close(echo.sockets[0].ws, 1001, "bye");
    assert_int_equal(ws_send(echo.sockets[0].ws, SLICE("x")), ERR_CLOSED);
    assert_int_equal(ws_send_audio(echo.sockets[0].ws, SLICE("x"), 3), -1);
    story_until(story, echo.closed == 1);
    assert_in_range(clock_ms() - start_ms, 1900, 3000);
    assert_int_equal(echo.closed_err, ERR_TIMEOUT);
    raw_close(raw);
    free(raw);
    server_destroy(echo.server);
}

static void owner_may_vanish_in_its_callback(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    echo_start(&echo, story, &echo_options);
    connect_client(&client, story, echo_port(&echo));
    client.destroys_on_text = true;
    assert_int_equal(ws_send(client.ws, SLICE("one")), ERR_OK);
    assert_int_equal(ws_send(client.ws, SLICE("two")), ERR_OK);
    story_until(story, client.texts == 1 && echo.closed == 1);
    story_run_for(story, 10);
    assert_int_equal(client.texts, 1);
    assert_false(client.is_closed);
    server_destroy(echo.server);
}

static void one_socket_ends_another(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client first, second;
    echo_start(&echo, story, &echo_options);
    connect_client(&first, story, echo_port(&echo));
    connect_client(&second, story, echo_port(&echo));
    first.other = &second;
    assert_int_equal(ws_send(second.ws, SLICE("both are busy")), ERR_OK);
    assert_int_equal(ws_send(first.ws, SLICE("end it")), ERR_OK);
    story_until(story, first.texts == 1 && echo.closed == 1);
    assert_false(second.is_closed);
    first.other = NULL;
    close_client(&first, story);
    server_destroy(echo.server);
}

static void connect_failures_say_why(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    char url[64];
    echo_start(&echo, story, &echo_options);
    int port = echo_port(&echo);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/forbidden", port);
    begin_connect(&client, story, url, NULL);
    story_until(story, client.is_closed);
    assert_int_equal(client.err, ERR_REFUSED);
    assert_string_equal(client.why, "upgrade refused with HTTP 403");
    assert_int_equal(client.code, 403);

    server_destroy(echo.server);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/socket", port);
    begin_connect(&client, story, url, NULL);
    story_until(story, client.is_closed);
    assert_int_equal(client.err, ERR_UNREACHABLE);

    begin_connect(&client, story, "ws://name.invalid/", NULL);
    story_until(story, client.is_closed);
    assert_true(client.err == ERR_UNREACHABLE || client.err == ERR_TIMEOUT);
}

static void bad_urls_are_refused(void **state)
{
    struct story *story = *state;
    static const char *const urls[] = {"http://127.0.0.1/", "ws://", "ws:///x", "ws://a b/",
        "ws://u:p@h/", "ws://h:99999/", "ws://h:/", "ws://[::1/", "ws://h\r\nx/", "wsx://h/", ""};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct ws *ws;
        struct ws_options options = {.url = urls[i], .max_message_bytes = 1, .max_queue_bytes = 1};
        assert_int_equal(ws_connect(&ws, story->loop, &options, &client_listener, NULL), ERR_BAD);
    }
}

static void silent_server_times_out(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    struct server_options options = echo_options;
    struct ws_options connect = {
        .connect_timeout_ms = 100, .max_message_bytes = 100, .max_queue_bytes = 100};
    char url[64];
    options.max_connections = 0; /* the kernel accepts, nobody answers */
    echo_start(&echo, story, &options);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/socket", echo_port(&echo));
    connect.url = url;
    client = (struct client){0};
    assert_int_equal(
        ws_connect(&client.ws, story->loop, &connect, &client_listener, &client), ERR_OK);
    assert_int_equal(ws_send(client.ws, SLICE("early")), ERR_OK);
    story_until(story, client.is_closed);
    assert_int_equal(client.err, ERR_TIMEOUT);

    client = (struct client){0};
    assert_int_equal(
        ws_connect(&client.ws, story->loop, &connect, &client_listener, &client), ERR_OK);
    story_run_for(story, 10);
    ws_close_now(client.ws);
    assert_int_equal(
        ws_connect(&client.ws, story->loop, &connect, &client_listener, &client), ERR_OK);
    ws_close(client.ws, 1000, NULL);
    assert_false(client.is_closed);
    story_until(story, client.is_closed);
    assert_int_equal(client.err, ERR_OK);
    server_destroy(echo.server);
}

static void via_goes_elsewhere_in_the_clear(void **state)
{
    struct story *story = *state;
    struct echo_server echo;
    struct client client;
    char via[64];
    echo_start(&echo, story, &echo_options);
    snprintf(via, sizeof via, "127.0.0.1:%d", echo_port(&echo));
    begin_connect(&client, story, "wss://voice.example.com/socket", via);
    assert_int_equal(ws_send(client.ws, SLICE("before it is open")), ERR_OK);
    story_until(story, client.texts == 1);
    assert_string_equal(client.last, "before it is open");
    close_client(&client, story);
    server_destroy(echo.server);
}

static void loop_destroys_open_sockets(void **state)
{
    struct story story = {0};
    struct echo_server echo;
    struct client client, second;
    (void)state;
    story_plain_setup(&story, NULL);
    echo_start(&echo, &story, &echo_options);
    connect_client(&client, &story, echo_port(&echo));
    begin_connect(&second, &story, "ws://127.0.0.1:9/", NULL);
    net_loop_destroy(story.loop);
    assert_int_equal(open_descriptors(), story.descriptors);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(text_comes_back),
        STORY(many_and_large_messages_keep_their_order),
        STORY(pieces_and_fragments_become_messages),
        STORY(bad_messages_are_dropped_and_the_socket_lives),
        STORY(a_slow_reader_loses_audio_only),
        STORY(unmasked_frames_close_the_socket),
        STORY(flood_closes_only_its_socket),
        STORY(audio_drops_its_oldest),
        STORY(sending_on_a_lost_connection_ends_it),
        STORY(full_queue_refuses),
        STORY(either_side_may_close),
        STORY(deaf_peer_is_dropped_in_time),
        STORY(owner_may_vanish_in_its_callback),
        STORY(one_socket_ends_another),
        STORY(connect_failures_say_why),
        STORY(bad_urls_are_refused),
        STORY(silent_server_times_out),
        STORY(via_goes_elsewhere_in_the_clear),
        cmocka_unit_test(loop_destroys_open_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
