#include "openai/transcription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "media/frame.h"
#include "media/vad.h"
#include "observe/log.h"
#include "openai/audio_input.h"
#include "openai/realtime_config.h"
#include "openai/transcription_events.h"
#include "openai/utterance.h"
#include "query.h"

#define SESSION_MINUTES 60
#define LEAST_COMMIT_MS 100
#define DELTA_MS 30 /* between the deltas of a committed item */
#define VAD_ONSET_MS 80

/*   append ─► audio_input ─► hear ─┬► current utterance ─► deltas (live models)
                                    ├► ears (until the script takes the utterance)
                                    └► vad (server detection) ─► commit
     commit ─► committed, added, done ─► waiting utterances ─► final ─► deltas, completed */
struct transcription {
    UT_hash_handle hh;
    uint64_t number; /* the key; the ears know it by this */
    struct world *world;
    struct ws *ws;
    struct gate gate;
    struct paced paced;
    struct net_timer *expiry;
    json_t *config;
    struct stt_plan plan;
    struct audio_input input;
    struct ears *ears; /* NULL without ears */
    struct vad vad;    /* handle NULL: no detection */
    struct frame frame;
    size_t frame_samples;      /* waiting in `frame` */
    uint64_t appended_samples; /* since the session began, 8 kHz */
    uint32_t count_items;      /* ears' numbers given so far */
    struct utterance *current; /* being spoken */
    struct utterance *waiting; /* committed, without a final */
    char last_item_id[WORLD_ID_SIZE];
    bool is_closing; /* nothing more is said or listened to */
};

/* ---- life ---- */

static void destroy(struct transcription *session)
{
    HASH_DEL(session->world->transcriptions, session);
    ledger_count(&session->world->ledger, TALLY_STT_OPEN, -1);
    if (session->ears)
        ears_close(session->ears);
    paced_close(&session->paced);
    net_timer_destroy(session->expiry);
    if (session->vad.handle)
        vad_close(&session->vad);
    audio_input_reset(&session->input);
    utterance_destroy(session->current);
    while (session->waiting) {
        struct utterance *utterance = session->waiting;
        session->waiting = utterance->next;
        utterance_destroy(utterance);
    }
    json_decref(session->config);
    free(session);
}

static enum err on_send(void *owner, struct slice message)
{
    struct transcription *session = owner;
    return ws_send(session->ws, message);
}

static void on_cut(void *owner)
{
    struct transcription *session = owner;
    if (session->gate.fault.close_code) {
        session->is_closing = true;
        ws_close(session->ws, session->gate.fault.close_code, "fault");
        return;
    }
    ws_close_now(session->ws);
    destroy(session);
}

/* The orderly end: everything was said, an error first. */
static void on_finish(void *owner)
{
    struct transcription *session = owner;
    session->is_closing = true;
    ws_close(session->ws, session->gate.fault.close_code, "invalid_request_error");
}

static const struct paced_sink sink = {.send = on_send, .finish = on_finish, .cut = on_cut};

/* Takes the text; NULL (no memory) is dropped, as is what a reader that reads nothing would get. */
static void say_at(struct transcription *session, uint64_t due_ms, char *event)
{
    bool is_late = session->is_closing;
    if (!is_late && (!event || paced_put(&session->paced, due_ms, slice_from(event))))
        log_warn("sandbox.stt.dropped", "session=%llu", (unsigned long long)session->number);
    free(event);
}

static void say(struct transcription *session, char *event)
{
    say_at(session, clock_ms(), event);
}

static void say_error(
    struct transcription *session, const struct api_error *error, const char *event_id)
{
    ledger_count(&session->world->ledger, TALLY_STT_ERRORS, 1);
    say(session, event_error(error, event_id));
}

/* An error after which the service closes the socket. */
static void say_last_error(struct transcription *session, const struct api_error *error, int code)
{
    if (session->is_closing)
        return;
    say_error(session, error, NULL);
    session->gate.fault.close_code = code;
    if (paced_finish(&session->paced))
        on_finish(session);
    session->is_closing = true;
}

static void on_expiry(void *owner)
{
    struct api_error error;
    api_error_set(&error, 400, "session_expired", NULL,
        "Your session hit the maximum duration of %d minutes.", SESSION_MINUTES);
    say_last_error(owner, &error, 1001);
}

/* ---- texts ---- */

static void say_delta(
    struct transcription *session, struct utterance *utterance, uint64_t due_ms, struct slice delta)
{
    if (!delta.len)
        return;
    utterance_said(utterance, delta);
    say_at(session, due_ms, event_delta(utterance->id, delta));
}

/* The deltas that follow a commit: word by word, or everything at once. */
static uint64_t say_rest(
    struct transcription *session, struct utterance *utterance, const char *text, uint64_t due_ms)
{
    struct slice rest = utterance_rest(utterance, text);
    if (session->plan.mode != STT_AFTER_COMMIT) {
        say_delta(session, utterance, due_ms, rest);
        return due_ms;
    }
    while (rest.len) {
        size_t len = 1;
        while (len < rest.len && rest.data[len] != ' ')
            len++;
        say_delta(session, utterance, due_ms, (struct slice){rest.data, len});
        rest.data += len;
        rest.len -= len;
        due_ms += DELTA_MS;
    }
    return due_ms;
}

/* Ends a committed utterance and frees it. */
static void complete_take(
    struct transcription *session, struct utterance *utterance, const char *text, uint64_t due_ms)
{
    if (utterance->is_failed) {
        struct api_error error;
        api_error_set(
            &error, 500, "audio_lost", NULL, "Audio of this item came faster than it is heard.");
        say_at(session, due_ms, event_failed(utterance->id, &error));
    } else if (session->plan.mode != STT_NONE) {
        due_ms = say_rest(session, utterance, text, due_ms);
        say_at(session, due_ms,
            event_completed(&session->plan, utterance->id, text, utterance->audio_ms));
        ledger_note_take(&session->world->ledger, LEDGER_HEARD,
            json_pack("{s:s s:s s:b s:i}", "item_id", utterance->id, "text", text, "scripted",
                utterance->scripted != NULL, "audio_ms", (int)utterance->audio_ms));
    }
    utterance_destroy(utterance);
}

static struct utterance *take_waiting(struct transcription *session, uint32_t number)
{
    struct utterance **link = &session->waiting;
    while (*link && (*link)->number != number)
        link = &(*link)->next;
    struct utterance *found = *link;
    if (found)
        *link = found->next;
    return found;
}

/* Without ears nothing is heard but the script. */
static void complete_unheard(struct transcription *session, struct utterance *utterance)
{
    uint64_t due_ms = clock_ms() + session->world->options->pace.final_ms;
    complete_take(session, utterance, utterance->scripted ? utterance->scripted : "", due_ms);
}

void transcription_heard(struct world *world, const struct ears_result *result)
{
    struct transcription *session = NULL;
    HASH_FIND(hh, world->transcriptions, &result->session, sizeof result->session, session);
    if (!session)
        return;
    const char *text = result->text ? result->text : "";
    if (result->is_final) {
        struct utterance *utterance = take_waiting(session, result->item);
        if (utterance)
            complete_take(session, utterance, text, clock_ms());
        return;
    }
    struct utterance *current = session->current;
    if (current && current->number == result->item && !current->scripted &&
        session->plan.mode == STT_LIVE)
        say_delta(session, current, clock_ms(), utterance_guess_delta(current, text));
}

/* ---- audio ---- */

static struct utterance *current_utterance(struct transcription *session)
{
    if (!session->current)
        session->current = utterance_create(session->count_items + 1);
    return session->current;
}

static void commit_now(struct transcription *session)
{
    struct utterance *utterance = session->current;
    session->current = NULL;
    session->count_items = utterance->number;
    if (!utterance->scripted)
        utterance->scripted = scripted_next_transcript(&session->world->scripted);
    ledger_count(&session->world->ledger, TALLY_STT_ITEMS, 1);
    say(session, event_committed(utterance->id, session->last_item_id));
    say(session, event_item("conversation.item.added", utterance->id, session->last_item_id));
    say(session, event_item("conversation.item.done", utterance->id, session->last_item_id));
    snprintf(session->last_item_id, sizeof session->last_item_id, "%s", utterance->id);
    bool is_heard = session->ears && !ears_commit(session->ears, utterance->number);
    if (is_heard && !utterance->scripted) {
        utterance->next = session->waiting;
        session->waiting = utterance;
        return;
    }
    utterance->is_failed = session->ears && !is_heard && !utterance->scripted;
    complete_unheard(session, utterance);
}

static void detect(struct transcription *session, enum vad_event event)
{
    uint64_t now_ms = session->appended_samples / 8;
    struct utterance *utterance = event == VAD_NONE ? NULL : current_utterance(session);
    if (!utterance)
        return;
    if (event == VAD_SPEECH_START) {
        uint64_t back_ms = VAD_ONSET_MS + 300;
        say(session, event_speech("input_audio_buffer.speech_started", utterance->id,
                         now_ms > back_ms ? now_ms - back_ms : 0));
        return;
    }
    say(session, event_speech("input_audio_buffer.speech_stopped", utterance->id, now_ms));
    commit_now(session);
}

/* The server's own voice detection, in whole frames. */
static void watch(struct transcription *session, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        session->frame.pcm[session->frame_samples++] = pcm[i];
        session->appended_samples++;
        if (session->frame_samples < FRAME_SAMPLES)
            continue;
        session->frame_samples = 0;
        if (session->vad.handle)
            detect(session, vad_frame(&session->vad, session->frame.pcm));
    }
}

static void hear(struct transcription *session, const int16_t *pcm, size_t count)
{
    struct utterance *utterance = current_utterance(session);
    if (!utterance)
        return;
    utterance_audio(utterance, pcm, count);
    if (!utterance->scripted && utterance->voiced_ms > VAD_ONSET_MS)
        utterance->scripted = scripted_next_transcript(&session->world->scripted);
    if (session->ears && ears_audio(session->ears, pcm, count))
        utterance->is_failed = !utterance->scripted;
    if (utterance->scripted && session->plan.mode == STT_LIVE)
        say_delta(session, utterance, clock_ms(),
            utterance_script_delta(utterance, session->world->options->pace.word_ms));
    watch(session, pcm, count);
}

/* ---- client events ---- */

static void on_append(struct transcription *session, const json_t *event, const char *event_id)
{
    struct api_error error;
    const json_t *audio = json_object_get(event, "audio");
    int16_t *pcm = NULL;
    size_t count = 0;
    if (!json_is_string(audio)) {
        api_error_set(&error, 400, "missing_required_parameter", "audio",
            "Missing required parameter: 'audio'.");
        say_error(session, &error, event_id);
        return;
    }
    struct slice text = {json_string_value(audio), json_string_length(audio)};
    if (audio_input_decode(&session->input, session->plan.format, text, &pcm, &count)) {
        api_error_set(&error, 400, "invalid_value", "audio",
            "Invalid 'audio'. Expected base64-encoded audio bytes.");
        say_error(session, &error, event_id);
        return;
    }
    hear(session, pcm, count);
    free(pcm);
}

static void on_commit(struct transcription *session, const json_t *event, const char *event_id)
{
    double audio_ms = session->current ? session->current->audio_ms : 0;
    if (audio_ms >= LEAST_COMMIT_MS - 1) { /* the resampler keeps a part of a millisecond */
        commit_now(session);
        return;
    }
    struct api_error error;
    api_error_set(&error, 400, "input_audio_buffer_commit_empty", NULL,
        "The input audio buffer is too small to commit: %.2f ms where at least %d ms are needed.",
        audio_ms, LEAST_COMMIT_MS);
    say_error(session, &error, event_id);
}

static void on_clear(struct transcription *session, const json_t *event, const char *event_id)
{
    if (session->current) {
        /* The ears count what they drop; its result finds nobody. */
        session->count_items = session->current->number;
        if (session->ears && ears_commit(session->ears, session->current->number))
            log_warn("sandbox.stt.clear", "session=%llu", (unsigned long long)session->number);
        utterance_destroy(session->current);
        session->current = NULL;
    }
    say(session, event_cleared());
}

static void follow_plan(struct transcription *session)
{
    enum stt_format format = session->plan.format;
    session->plan = realtime_config_plan(session->config);
    if (format != session->plan.format)
        audio_input_reset(&session->input);
    if (session->vad.handle)
        vad_close(&session->vad);
    session->vad = (struct vad){0};
    if (session->plan.detection == DETECT_NONE)
        return;
    struct vad_settings settings = vad_defaults;
    settings.onset_ms = VAD_ONSET_MS;
    settings.hangover_ms = session->plan.silence_ms;
    if (vad_init(&session->vad, &settings))
        session->vad.handle = NULL;
}

static void on_update(struct transcription *session, const json_t *event, const char *event_id)
{
    struct api_error error;
    const json_t *update = json_object_get(event, "session");
    if (!update) {
        api_error_set(&error, 400, "missing_required_parameter", "session",
            "Missing required parameter: 'session'.");
        say_error(session, &error, event_id);
        return;
    }
    enum err err = realtime_config_update(session->config, update, &error);
    if (err == ERR_NOMEM)
        api_error_set(&error, 500, NULL, NULL, "The server had an error.");
    if (err) {
        say_error(session, &error, event_id);
        return;
    }
    follow_plan(session);
    say(session, event_session("session.updated", session->config));
}

static void on_beta_update(struct transcription *session, const json_t *event, const char *event_id)
{
    struct api_error error;
    api_error_set(&error, 400, "beta_api_shape_disabled", "type",
        "The beta shape of the Realtime API is no longer supported.");
    say_last_error(session, &error, 4000);
}

static const struct {
    const char *type;
    void (*fn)(struct transcription *session, const json_t *event, const char *event_id);
    const char *const *keys; /* known besides type and event_id */
} client_events[] = {
    {"input_audio_buffer.append", on_append, (const char *const[]){"audio", NULL}},
    {"input_audio_buffer.commit", on_commit, (const char *const[]){NULL}},
    {"input_audio_buffer.clear", on_clear, (const char *const[]){NULL}},
    {"session.update", on_update, (const char *const[]){"session", NULL}},
    {"transcription_session.update", on_beta_update, (const char *const[]){"session", NULL}},
};

/* The first key of `event` the service does not know; NULL: none. */
static const char *unknown_key(const json_t *event, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)event, key, value)
    {
        bool is_known = !strcmp(key, "type") || !strcmp(key, "event_id");
        for (size_t i = 0; keys[i]; i++)
            is_known = is_known || !strcmp(keys[i], key);
        if (!is_known)
            return key;
    }
    return NULL;
}

static void dispatch(struct transcription *session, const json_t *event)
{
    struct api_error error;
    const char *type = json_string_value(json_object_get(event, "type"));
    const char *event_id = json_string_value(json_object_get(event, "event_id"));
    for (size_t i = 0; type && i < sizeof client_events / sizeof *client_events; i++) {
        if (strcmp(type, client_events[i].type))
            continue;
        const char *unknown = unknown_key(event, client_events[i].keys);
        if (!unknown) {
            client_events[i].fn(session, event, event_id);
            return;
        }
        api_error_set(
            &error, 400, "unknown_parameter", unknown, "Unknown parameter: '%.60s'.", unknown);
        say_error(session, &error, event_id);
        return;
    }
    api_error_set(&error, 400, type ? "invalid_value" : "missing_required_parameter", "type",
        "Invalid value: '%.60s'. It is no client event of a transcription session.",
        type ? type : "");
    say_error(session, &error, event_id);
}

static void on_text(void *owner, struct slice message)
{
    struct transcription *session = owner;
    if (session->is_closing)
        return;
    json_t *event = json_loadb(message.data, message.len, 0, NULL);
    if (json_is_object(event)) {
        dispatch(session, event);
    } else {
        struct api_error error;
        api_error_set(&error, 400, "invalid_json", NULL, "The message is not a JSON object.");
        say_error(session, &error, NULL);
    }
    json_decref(event);
}

static void on_bad(void *owner, const char *why)
{
    struct api_error error;
    api_error_set(&error, 400, "invalid_message", NULL, "A message was dropped: %.100s.", why);
    say_error(owner, &error, NULL);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    destroy(owner);
}

static const struct ws_listener listener = {
    .on_text = on_text, .on_bad = on_bad, .on_closed = on_closed};

/* ---- opening ---- */

static void greet(struct transcription *session, const struct http_request *request)
{
    struct api_error error;
    if (query_has(request->query, "model")) {
        api_error_set(&error, 400, "invalid_model", "model",
            "You must not provide a model parameter for transcription sessions.");
        say_last_error(session, &error, 1008);
        return;
    }
    if (!query_is(request->query, "intent", "transcription")) {
        api_error_set(&error, 400, "missing_model", "model",
            "A conversation session needs a model; the sandbox offers intent=transcription only.");
        say_last_error(session, &error, 1008);
        return;
    }
    say(session, event_session("session.created", session->config));
}

/* Everything of a session that can fail to be made. */
static enum err open_parts(struct transcription *session)
{
    struct world *world = session->world;
    char id[WORLD_ID_SIZE];
    world_id(id, "sess_", 24);
    uint64_t expires_at_s = clock_wall_ms() / 1000 + SESSION_MINUTES * 60;
    session->config = realtime_config_create(id, expires_at_s);
    if (!session->config)
        return ERR_NOMEM;
    enum err err = paced_init(&session->paced, world->loop, &session->gate, &sink, session);
    if (!err)
        err = net_timer_create(&session->expiry, world->loop, on_expiry, session);
    if (!err && world->ears)
        err = ears_open(&session->ears, world->ears, &world->heard, session->number);
    return err;
}

void transcription_accept(struct world *world, struct ws *ws, const struct http_request *request)
{
    struct transcription *session = calloc(1, sizeof *session);
    if (!session) {
        ws_close_now(ws);
        return;
    }
    session->world = world;
    session->ws = ws;
    session->number = ++world->last_number;
    struct fault fault = world_fault(world, SERVICE_STT);
    gate_init(&session->gate, &fault);
    HASH_ADD(hh, world->transcriptions, number, sizeof session->number, session);
    ledger_count(&world->ledger, TALLY_STT_SESSIONS, 1);
    ledger_count(&world->ledger, TALLY_STT_OPEN, 1);
    if (open_parts(session)) {
        ws_close_now(ws);
        destroy(session);
        return;
    }
    follow_plan(session);
    net_timer_set(session->expiry, clock_ms() + SESSION_MINUTES * 60000u);
    ws_set_listener(ws, &listener, session);
    greet(session, request);
}

void transcription_break_all(struct world *world, const struct fault *fault)
{
    struct transcription *session, *next;
    HASH_ITER(hh, world->transcriptions, session, next)
    {
        gate_init(&session->gate, fault);
        bool is_cut_now = fault->cut_after_messages == 0 || fault->cut_after_bytes == 0;
        if (is_cut_now && !session->is_closing && !fault->hang && !fault->garbage)
            on_cut(session);
    }
}

void transcription_close_all(struct world *world)
{
    struct transcription *session, *next;
    HASH_ITER(hh, world->transcriptions, session, next)
    {
        ws_close_now(session->ws);
        destroy(session);
    }
}
