/* A client whose server stops reading: the kernel takes part of a frame, libwebsockets holds the rest of it, and more
   follows. In the clear and under TLS. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto.h"
#include "net/ws_frames.h"
#include "tls_front.h"
#include "unit/net/guise.h"
#include "unit/net/net_story.h"

#define MOST_TEXT_BYTES 40000u
#define WAITING_BYTES (400u << 10) /* in our queue, behind all that kernel and front hold */

/* The server: frames by hand, read when the story says so. */
struct service {
    struct raw raw;
    int listener, port;
    struct ws_frames frames;
    unsigned texts, pongs;
    char pong[16];
    uint64_t sum; /* of all text, in order */
    bool is_closing;
};

struct scene {
    struct story story;
    struct service *service;
    struct guise guise;
    struct tls_front *front; /* NULL: in the clear */
    struct ws *ws;
    bool is_open, is_closed;
    enum err err;
    char last[32];
    uint64_t sum; /* of what was sent */
    unsigned sent;
};

static uint64_t sum_of(uint64_t sum, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        sum = sum * 31 + (unsigned char)text.data[i];
    return sum;
}

/* ---- the server ---- */

static void take(struct service *service, enum ws_found found, const struct ws_part *part)
{
    switch (found) {
    case WS_FOUND_DATA:
        service->sum = sum_of(service->sum, part->bytes);
        service->texts += part->is_last;
        break;
    case WS_FOUND_PONG:
        service->pongs++;
        slice_copy(part->bytes, service->pong, sizeof service->pong);
        break;
    case WS_FOUND_CLOSE:
        service->is_closing = true;
        raw_send(&service->raw, "\x88\x02\x03\xe8", 4);
        break;
    case WS_FOUND_NOTHING:
    case WS_FOUND_FRAME:
        break;
    case WS_FOUND_PING:
    case WS_FOUND_BAD:
        fail_msg("the client sent what it should not: %s", part->why ? part->why : "a ping");
    }
}

/* Reads what there is. */
static void read_all(struct service *service)
{
    static unsigned char bytes[65536];
    ssize_t got;
    while ((got = recv(service->raw.fd, bytes, sizeof bytes, 0)) > 0) {
        enum ws_found found;
        size_t at = 0, used;
        do {
            struct ws_part part = {0};
            found = ws_frames_take(&service->frames, bytes + at, (size_t)got - at, &used, &part);
            at += used;
            take(service, found, &part);
        } while (found != WS_FOUND_NOTHING && !service->is_closing);
    }
}

static void answer_101(struct service *service)
{
    char text[128], accept[BASE64_SIZE(SHA1_BYTES)], head[256];
    uint8_t digest[SHA1_BYTES];
    const char *key = strcasestr(service->raw.data, "sec-websocket-key:");
    assert_non_null(key);
    key += strlen("sec-websocket-key:");
    key += strspn(key, " ");
    snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r"),
        key);
    crypto_sha1(slice_from(text), digest);
    base64_encode(digest, sizeof digest, accept);
    snprintf(head, sizeof head,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n",
        accept);
    raw_say(&service->raw, head);
}

/* ---- the client ---- */

static void on_open(void *owner)
{
    ((struct scene *)owner)->is_open = true;
}

static void on_text(void *owner, struct slice message)
{
    struct scene *scene = owner;
    slice_copy(message, scene->last, sizeof scene->last);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct scene *scene = owner;
    (void)code, (void)why;
    scene->is_closed = true;
    scene->err = err;
}

static const struct ws_listener listener = {
    .on_open = on_open, .on_text = on_text, .on_closed = on_closed};

/* No two texts alike, and lengths with heads of every size. */
static void send_text(struct scene *scene)
{
    static char text[MOST_TEXT_BYTES];
    static const size_t lengths[] = {20000, 1, 125, 126, MOST_TEXT_BYTES, 300, 4096, 0, 16384};
    struct slice message = {text, lengths[scene->sent % (sizeof lengths / sizeof *lengths)]};
    for (size_t i = 0; i < message.len; i++)
        text[i] = (char)('a' + (i * 7 + i / 26 + scene->sent) % 26);
    assert_int_equal(ws_send(scene->ws, message), ERR_OK);
    scene->sum = sum_of(scene->sum, message);
    scene->sent++;
}

/* ---- the scene ---- */

static void start_front(struct scene *scene)
{
    char why[256];
    struct tls_front_options options = {.listen = "127.0.0.1:0",
        .to_port = scene->service->port,
        .certificate_file = scene->guise.certificate_file,
        .key_file = scene->guise.key_file};
    if (tls_front_start(&scene->front, &options, why))
        fail_msg("%s", why);
}

static void connect_client(struct scene *scene)
{
    struct service *service = scene->service;
    char url[64];
    int port = scene->front ? tls_front_port(scene->front) : service->port;
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/x", scene->front ? "wss" : "ws", port);
    struct ws_options options = {.url = url,
        .connect_timeout_ms = 5000,
        .max_message_bytes = 1000,
        .max_queue_bytes = 1 << 20};
    assert_int_equal(ws_connect(&scene->ws, scene->story.loop, &options, &listener, scene), ERR_OK);
    story_until(&scene->story, raw_accept(&service->raw, service->listener));
    story_until(&scene->story, raw_has(&service->raw, "\r\n\r\n"));
    answer_101(service);
    story_until(&scene->story, scene->is_open);
}

static void scene_begin(struct scene *scene, bool is_tls)
{
    signal(SIGPIPE, SIG_IGN);
    *scene = (struct scene){.service = calloc(1, sizeof *scene->service)};
    assert_non_null(scene->service);
    ws_frames_init(&scene->service->frames, true);
    guise_make(&scene->guise, "127.0.0.1", FLAW_NONE);
    story_plain_setup(&scene->story, scene->guise.authority_file);
    scene->service->listener = raw_listen(&scene->service->port);
    if (is_tls)
        start_front(scene);
    connect_client(scene);
}

static void scene_end(struct scene *scene)
{
    raw_close(&scene->service->raw);
    close(scene->service->listener);
    net_timer_destroy(scene->story.tick);
    net_loop_destroy(scene->story.loop);
    if (scene->front)
        tls_front_stop(scene->front);
    guise_remove(&scene->guise);
    assert_int_equal(open_descriptors(), scene->story.descriptors);
    free(scene->service);
}

/* Until nothing moves any more: what is in our queue then has the rest of a frame before it. */
static void fill_everything(struct scene *scene)
{
    for (int calm = 0; calm < 5;) {
        while (ws_queued_bytes(scene->ws) < WAITING_BYTES)
            send_text(scene);
        story_run_for(&scene->story, 5);
        calm = ws_queued_bytes(scene->ws) < WAITING_BYTES ? 0 : calm + 1;
    }
}

/* A text behind the ping says that the client has read both. */
static void ping(struct scene *scene, const char *payload, const char *text)
{
    char frames[64];
    int len = snprintf(frames, sizeof frames, "\x89%c%s\x81%c%s", (int)strlen(payload), payload,
        (int)strlen(text), text);
    raw_send(&scene->service->raw, frames, (size_t)len);
    story_until(&scene->story, strcmp(scene->last, text) == 0);
}

static void read_until_all_came(struct scene *scene, unsigned pongs)
{
    struct service *service = scene->service;
    story_until(&scene->story,
        (read_all(service), service->texts == scene->sent && service->pongs == pongs));
    assert_true(service->sum == scene->sum);
    assert_int_equal(ws_queued_bytes(scene->ws), 0);
}

static void nothing_is_lost_or_cut(bool is_tls)
{
    struct scene scene;
    scene_begin(&scene, is_tls);
    for (unsigned round = 1; round <= 3; round++) {
        char payload[16], text[16];
        snprintf(payload, sizeof payload, "ping %u", round);
        snprintf(text, sizeof text, "text %u", round);
        fill_everything(&scene);
        ping(&scene, payload, text);
        fill_everything(&scene); /* the kernel may have found more room meanwhile */
        for (int i = 0; i < 20; i++)
            send_text(&scene);
        if (!scene.front) /* whose thread may take more at any time */
            assert_true(ws_queued_bytes(scene.ws) > WAITING_BYTES);
        read_until_all_came(&scene, round);
        assert_string_equal(scene.service->pong, payload);
        send_text(&scene); /* and at once again */
        read_until_all_came(&scene, round);
    }
    ws_close(scene.ws, 1000, "");
    story_until(&scene.story, (read_all(scene.service), scene.is_closed));
    assert_int_equal(scene.err, ERR_OK);
    scene_end(&scene);
}

static void in_the_clear(void **state)
{
    (void)state;
    nothing_is_lost_or_cut(false);
}

static void under_tls(void **state)
{
    (void)state;
    nothing_is_lost_or_cut(true);
}

/* What waits goes out before the close frame, the rest of a frame first. */
static void a_close_waits_for_what_was_begun(void **state)
{
    struct scene scene;
    (void)state;
    scene_begin(&scene, false);
    fill_everything(&scene);
    ws_close(scene.ws, 1000, "");
    story_until(&scene.story, (read_all(scene.service), scene.is_closed));
    assert_int_equal(scene.err, ERR_OK);
    assert_int_equal(scene.service->texts, scene.sent);
    assert_true(scene.service->sum == scene.sum);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_clear),
        cmocka_unit_test(under_tls),
        cmocka_unit_test(a_close_waits_for_what_was_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
