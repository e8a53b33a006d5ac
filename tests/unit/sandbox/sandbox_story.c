#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "voice.h"

int voice_begin(void **state)
{
    return voice_start();
}

int voice_end(void **state)
{
    voice_stop();
    return 0;
}

int sandbox_begin(void **state)
{
    char why[256];
    struct sandbox_story *story = calloc(1, sizeof *story);
    *state = story;
    story_plain_setup(&story->net, NULL);
    story->options = (struct world_options){
        .listen = "127.0.0.1:0",
        .control = "127.0.0.1:0",
        .script_path = SOURCE_DIR "/tests/unit/sandbox/yes.lua",
        .voice = "en-us",
        .pace = {.first_token_ms = 5,
            .token_ms = 1,
            .final_ms = 5,
            .word_ms = 100,
            .first_audio_ms = 5,
            .speedup = 50},
    };
    if (world_start(&story->world, story->net.loop, &story->options, why))
        fail_msg("%s", why);
    snprintf(
        story->address, sizeof story->address, "127.0.0.1:%d", server_port(story->world.server));
    return 0;
}

int sandbox_end(void **state)
{
    struct sandbox_story *story = *state;
    world_stop(&story->world);
    net_timer_destroy(story->net.tick);
    net_loop_destroy(story->net.loop);
    assert_int_equal(open_descriptors(), story->net.descriptors);
    free(story);
    return 0;
}

/* ---- WebSocket ---- */

static void on_open(void *owner)
{
    ((struct client *)owner)->is_open = true;
}

static void on_text(void *owner, struct slice message)
{
    struct client *client = owner;
    json_t *object = json_loadb(message.data, message.len, 0, NULL);
    if (json_is_object(object))
        json_array_append(client->received, object);
    else
        client->bad++;
    json_decref(object);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct client *client = owner;
    client->ws = NULL;
    client->is_closed = true;
    client->close_code = code;
    snprintf(client->why, sizeof client->why, "%s", why);
}

static const struct ws_listener listener = {
    .on_open = on_open, .on_text = on_text, .on_closed = on_closed};

void client_connect(struct sandbox_story *story, struct client *client, const char *path,
    const char *header, const char *value)
{
    char url[512];
    struct ws_header headers[] = {{header, value}};
    snprintf(url, sizeof url, "ws://%s%s", story->address, path);
    *client = (struct client){.story = story, .received = json_array()};
    struct ws_options options = {.url = url,
        .headers = headers,
        .header_count = header ? 1 : 0,
        .connect_timeout_ms = 3000,
        .max_message_bytes = 1u << 20,
        .max_queue_bytes = 4u << 20};
    assert_int_equal(ws_connect(&client->ws, story->net.loop, &options, &listener, client), ERR_OK);
}

void client_open(struct sandbox_story *story, struct client *client, const char *path,
    const char *header, const char *value)
{
    client_connect(story, client, path, header, value);
    story_until(&story->net, client->is_open || client->is_closed);
    assert_true(client->is_open);
}

void client_say(struct client *client, const char *text)
{
    assert_non_null(client->ws);
    assert_int_equal(ws_send(client->ws, slice_from(text)), ERR_OK);
}

void client_close(struct client *client)
{
    if (client->ws)
        ws_close_now(client->ws);
    client->ws = NULL;
    json_decref(client->received);
}

json_t *client_find(struct client *client, size_t *at, const char *key, const char *value)
{
    for (size_t i = *at; i < json_array_size(client->received); i++) {
        json_t *object = json_array_get(client->received, i);
        json_t *found = json_object_get(object, key);
        if (!found || json_is_null(found))
            continue;
        if (value && strcmp(json_string_value(found) ? json_string_value(found) : "", value))
            continue;
        *at = i + 1;
        return object;
    }
    return NULL;
}

json_t *client_wait(struct client *client, size_t *at, const char *key, const char *value)
{
    json_t *found = NULL;
    story_until(&client->story->net,
        (found = client_find(client, at, key, value)) != NULL || client->is_closed);
    if (!found)
        fail_msg("closed (%d) before %s = %s", client->close_code, key, value ? value : "any");
    return found;
}

void client_wait_closed(struct client *client, int code)
{
    story_until(&client->story->net, client->is_closed);
    assert_int_equal(client->close_code, code);
}

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- HTTP ---- */

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct answer *answer = owner;
    answer->status = status;
    answer->retry_after_ms = retry_after_ms;
}

static void on_body(void *owner, struct slice data)
{
    struct answer *answer = owner;
    assert_true(answer->len + data.len < sizeof answer->body);
    memcpy(answer->body + answer->len, data.data, data.len);
    answer->len += data.len;
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct answer *answer = owner;
    answer->is_whole = !err;
    answer->is_done = true;
}

void ask(struct sandbox_story *story, struct answer *answer, const char *method, const char *url,
    const char *header, const char *value, const char *body)
{
    static const struct http_listener http = {
        .on_status = on_status, .on_body = on_body, .on_done = on_done};
    struct http_call *call;
    struct http_header headers[] = {
        {"Content-Type",
            body && body[0] != '{' ? "application/x-www-form-urlencoded" : "application/json"},
        {header, value}};
    struct http_options options = {.method = method,
        .url = url,
        .headers = headers,
        .header_count = header ? 2 : 1,
        .body = slice_from(body),
        .connect_timeout_ms = 3000,
        .first_byte_timeout_ms = 3000,
        .idle_timeout_ms = 3000,
        .max_body_bytes = sizeof answer->body - 1,
        .allow_private = true};
    memset(answer, 0, sizeof *answer);
    assert_int_equal(http_start(&call, story->net.loop, &options, &http, answer), ERR_OK);
    story_until(&story->net, answer->is_done);
}

static void ask_control(struct sandbox_story *story, struct answer *answer, const char *method,
    const char *path, const char *body)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server_port(story->world.control), path);
    ask(story, answer, method, url, NULL, NULL, body);
}

void control(struct sandbox_story *story, const char *method, const char *path, const char *body)
{
    struct answer *answer = malloc(sizeof *answer);
    ask_control(story, answer, method, path, body);
    assert_int_equal(answer->status, 200);
    free(answer);
}

json_t *control_state(struct sandbox_story *story)
{
    struct answer *answer = malloc(sizeof *answer);
    ask_control(story, answer, "GET", "/state", NULL);
    assert_int_equal(answer->status, 200);
    json_t *state = json_loadb(answer->body, answer->len, 0, NULL);
    assert_non_null(state);
    free(answer);
    return state;
}
