#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevenlabs/speech_socket.h"
#include "known_audio_wish.h"
#include "openai/transcription.h"
#include "twilio/call_recordings.h"
#include "world.h"

#define CALLS_PATH "/calls/"
#define CALLER_VOICE "en-us" /* caller/scenario.c: the voice of its lines unless one is named */

/* Takes the body. */
static void answer_take(struct exchange *exchange, int status, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_INDENT(2)) : NULL;
    exchange_answer(exchange, text ? status : 500, "application/json", slice_from(text));
    free(text);
    json_decref(body);
}

static void answer_error(struct exchange *exchange, int status, const char *why)
{
    answer_take(exchange, status, json_pack("{s:s}", "error", why));
}

static json_t *waiting(const struct world *world)
{
    const struct scripted *scripted = &world->scripted;
    return json_pack("{s:i s:i s:i s:i s:i s:i}", "transcripts",
        (int)json_array_size(scripted->transcripts), "sessions",
        (int)json_array_size(scripted->sessions), "replies",
        (int)json_array_size(scripted->replies), "rules", (int)json_array_size(scripted->rules),
        "by_audio", (int)world->known.count, "by_text", (int)world->known_speech.count);
}

static void get_state(struct world *world, struct exchange *exchange, json_t *body)
{
    json_t *state = ledger_state(&world->ledger);
    json_object_set_new(state, "waiting", waiting(world));
    json_object_set_new(state, "faults", faults_list(&world->faults));
    json_object_set_new(state, "keys", keys_uses(&world->keys));
    json_object_set_new(state, "recordings", recordings_list(&world->recordings));
    answer_take(exchange, 200, state);
}

static void delete_state(struct world *world, struct exchange *exchange, json_t *body)
{
    ledger_clear(&world->ledger);
    scripted_clear(&world->scripted);
    world_reset_habits(world);
    known_audio_clear(&world->known);
    known_speech_clear(&world->known_speech);
    heard_files_clear(&world->heard_files);
    recordings_clear(&world->recordings);
    get_state(world, exchange, body);
}

static void get_faults(struct world *world, struct exchange *exchange, json_t *body)
{
    answer_take(exchange, 200, json_pack("{s:o}", "faults", faults_list(&world->faults)));
}

static void delete_faults(struct world *world, struct exchange *exchange, json_t *body)
{
    faults_clear(&world->faults);
    get_faults(world, exchange, body);
}

/* `now` (of stt and tts): the sockets that are open already break too. */
static void break_open(struct world *world, enum service service)
{
    const struct fault *fault = &world->faults.fault[service];
    if (service == SERVICE_STT)
        transcription_break_all(world, fault);
    else if (service == SERVICE_TTS)
        speech_socket_break_all(world, fault);
}

static void post_faults(struct world *world, struct exchange *exchange, json_t *body)
{
    char why[160];
    enum service service;
    bool is_now = json_is_true(json_object_get(body, "now"));
    json_object_del(body, "now");
    if (faults_set(&world->faults, body, &service, why)) {
        answer_error(exchange, 400, why);
        return;
    }
    if (is_now)
        break_open(world, service);
    get_faults(world, exchange, body);
}

static void answer_queued(
    struct world *world, struct exchange *exchange, enum err err, const char *expected)
{
    if (err == ERR_BAD)
        answer_error(exchange, 400, expected);
    else if (err)
        answer_error(exchange, 409, "too many wait already");
    else
        answer_take(exchange, 200, json_pack("{s:o}", "waiting", waiting(world)));
}

static void post_transcripts(struct world *world, struct exchange *exchange, json_t *body)
{
    char why[160] = "expected texts, sessions, each_session or by_audio (sandbox/README.md)";
    const json_t *by_audio = json_object_get(body, "by_audio");
    enum err err = ERR_OK;
    if (!by_audio || json_object_size(body) > 1)
        err = scripted_add_transcripts(&world->scripted, body);
    if (!err && by_audio)
        err = known_audio_add_wish(&world->known, by_audio, CALLER_VOICE, why);
    answer_queued(world, exchange, err, why);
}

static void post_transcription(struct world *world, struct exchange *exchange, json_t *body)
{
    answer_queued(world, exchange, stt_habits_set(&world->habits, body),
        "expected session_seconds, late_ms or detection_fixed (sandbox/README.md)");
}

static void post_replies(struct world *world, struct exchange *exchange, json_t *body)
{
    answer_queued(world, exchange, scripted_add_replies(&world->scripted, body),
        "expected {\"replies\":[{\"text\":\"…\"} or "
        "{\"tool_calls\":[{\"name\":\"…\",\"arguments\":{}}]}, with \"when\" or \"repeat\"]}");
}

static void post_speech(struct world *world, struct exchange *exchange, json_t *body)
{
    answer_queued(world, exchange, known_speech_add(&world->known_speech, body),
        "expected {\"by_text\":[{\"text\":\"…\",\"mulaw\":\"<base64>\"}]} or {\"word_ms\":160}");
}

static void post_recordings(struct world *world, struct exchange *exchange, json_t *body)
{
    const char *ended = json_string_value(json_object_get(body, "end"));
    enum err err = ended ? ERR_OK : recordings_add(&world->recordings, body);
    if (ended)
        call_recordings_end(world, ended, json_is_true(json_object_get(body, "absent")));
    answer_queued(world, exchange, err,
        "expected {\"sid\":\"RE and 32 digits\",\"text\":\"words\"}, with \"voice\", "
        "\"not_ready\" or \"redirect\"; or {\"end\":\"CA…\"}, with \"absent\"");
}

static void post_keys(struct world *world, struct exchange *exchange, json_t *body)
{
    if (keys_set(&world->keys, body))
        answer_error(exchange, 400, "expected {\"valid\":{\"a label\":\"the key\"}}");
    else
        answer_take(exchange, 200, json_pack("{s:o}", "keys", keys_uses(&world->keys)));
}

static void post_texts(struct world *world, struct exchange *exchange, json_t *body)
{
    if (texts_set(&world->texts, body))
        answer_error(exchange, 400,
            "expected callbacks, step_ms, via, opted_out or undelivered (sandbox/README.md)");
    else
        answer_take(exchange, 200, json_pack("{s:O}", "opted_out", world->texts.opted_out));
}

static void delete_keys(struct world *world, struct exchange *exchange, json_t *body)
{
    keys_clear(&world->keys);
    get_state(world, exchange, body);
}

/* What was asked of that call, oldest first. */
static void get_call(struct world *world, struct exchange *exchange, struct slice sid)
{
    json_t *updates = json_array(), *update;
    size_t i;
    json_array_foreach(world->ledger.lists[LEDGER_CALLS], i, update)
    {
        if (slice_is(sid, json_string_value(json_object_get(update, "sid"))))
            json_array_append(updates, update);
    }
    answer_take(exchange, 200, json_pack("{s:o}", "updates", updates));
}

static const struct {
    const char *method;
    const char *path;
    void (*fn)(struct world *world, struct exchange *exchange, json_t *body);
} routes[] = {
    {"GET", "/state", get_state},
    {"DELETE", "/state", delete_state},
    {"GET", "/faults", get_faults},
    {"POST", "/faults", post_faults},
    {"DELETE", "/faults", delete_faults},
    {"POST", "/transcripts", post_transcripts},
    {"POST", "/transcription", post_transcription},
    {"POST", "/replies", post_replies},
    {"POST", "/speech", post_speech},
    {"POST", "/recordings", post_recordings},
    {"POST", "/keys", post_keys},
    {"DELETE", "/keys", delete_keys},
    {"POST", "/texts", post_texts},
};

static void run(struct world *world, struct exchange *exchange, const struct http_request *request,
    void (*fn)(struct world *world, struct exchange *exchange, json_t *body))
{
    json_t *body = json_loadb(request->body.data, request->body.len, 0, NULL);
    if (slice_is(request->method, "POST") && !json_is_object(body))
        answer_error(exchange, 400, "the body is not a JSON object");
    else
        fn(world, exchange, body);
    json_decref(body);
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (slice_is(request->method, routes[i].method) &&
            slice_is(request->path, routes[i].path)) {
            run(owner, exchange, request, routes[i].fn);
            return;
        }
    }
    struct slice sid = request->path;
    if (slice_starts(sid, CALLS_PATH) && slice_is(request->method, "GET")) {
        sid = (struct slice){sid.data + strlen(CALLS_PATH), sid.len - strlen(CALLS_PATH)};
        get_call(owner, exchange, sid);
        return;
    }
    answer_error(exchange, 404, "see sandbox/README.md for what this port knows");
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    return 404;
}

static void on_socket(void *owner, struct ws *ws, const struct http_request *request)
{
    ws_close_now(ws);
}

const struct server_handlers control_handlers = {
    .on_request = on_request, .on_upgrade = on_upgrade, .on_socket = on_socket};
