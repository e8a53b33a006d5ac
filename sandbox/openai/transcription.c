#include "openai/transcription.h"

#include <stdlib.h>

#include "base/clock.h"
#include "observe/log.h"
#include "openai/transcription_events.h"
#include "openai/transcription_internal.h"
#include "query.h"

#define SPEACHES_PREFIX "/speaches"
#define BETA_PREFIX "/beta"
#define REALTIME_PATH "/v1/realtime"
#define MODEL_SIZE 128

/* ---- life ---- */

static void destroy(struct transcription *session)
{
    HASH_DEL(session->world->transcriptions, session);
    ledger_count(&session->world->ledger, TALLY_STT_OPEN, -1);
    if (session->ears)
        ears_close(session->ears);
    paced_close(&session->paced);
    intake_close(&session->intake);
    net_timer_destroy(session->expiry);
    net_timer_destroy(session->late_timer);
    utterance_destroy(session->late);
    free(session->late_text);
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
    json_decref(session->script);
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
void transcription_finish(void *owner)
{
    struct transcription *session = owner;
    session->is_closing = true;
    ws_close(session->ws, session->gate.fault.close_code, "invalid_request_error");
}

static const struct paced_sink sink = {
    .send = on_send, .finish = transcription_finish, .cut = on_cut};

static void on_expiry(void *owner)
{
    struct transcription *session = owner;
    struct api_error error;
    api_error_set(&error, 400, "session_expired", NULL,
        "Your session hit the maximum duration of %u minutes.", session->habits.session_s / 60);
    transcription_end(session, &error, 1001);
}

/* ---- the socket ---- */

static void on_message(void *owner, struct slice message)
{
    struct transcription *session = owner;
    if (session->is_closing)
        return;
    json_t *event = json_loadb(message.data, message.len, 0, NULL);
    if (json_is_object(event)) {
        transcription_dispatch(session, event);
    } else {
        struct api_error error;
        api_error_set(&error, 400, "invalid_json", NULL, "The message is not a JSON object.");
        transcription_error(session, &error, NULL);
    }
    json_decref(event);
}

static void on_text(void *owner, struct slice message)
{
    struct transcription *session = owner;
    if (intake_take(&session->intake, message))
        log_warn("sandbox.stt.overrun", "session=%llu", (unsigned long long)session->number);
}

static void on_bad(void *owner, const char *why)
{
    struct api_error error;
    api_error_set(&error, 400, "invalid_message", NULL, "A message was dropped: %.100s.", why);
    transcription_error(owner, &error, NULL);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    destroy(owner);
}

static const struct ws_listener listener = {
    .on_text = on_text, .on_bad = on_bad, .on_closed = on_closed};

/* ---- opening ---- */

static enum realtime_dialect dialect_of(struct slice path)
{
    if (slice_starts(path, SPEACHES_PREFIX))
        return DIALECT_SPEACHES;
    return slice_starts(path, BETA_PREFIX) ? DIALECT_BETA : DIALECT_CURRENT;
}

bool transcription_is_path(struct slice path)
{
    return slice_is(path, REALTIME_PATH) || slice_is(path, BETA_PREFIX REALTIME_PATH) ||
           slice_is(path, SPEACHES_PREFIX REALTIME_PATH);
}

/* speaches wants a model, and a key only where it was given one. */
int transcription_door(const struct http_request *request, bool has_key)
{
    if (dialect_of(request->path) == DIALECT_SPEACHES)
        return query_has(request->query, "model") ? 101 : 403;
    return has_key ? 101 : 401;
}

void transcription_tell_session(struct transcription *session, bool is_new)
{
    bool is_beta = session->dialect == DIALECT_BETA;
    const char *type = is_new    ? is_beta ? "transcription_session.created" : "session.created"
                       : is_beta ? "transcription_session.updated"
                                 : "session.updated";
    json_t *told = session->dialect == DIALECT_CURRENT
                       ? json_incref(session->config)
                       : realtime_flat_session(session->config, session->dialect);
    transcription_say(session, event_session(type, told));
    json_decref(told);
}

static void greet(struct transcription *session, const struct http_request *request)
{
    struct api_error error;
    if (session->dialect == DIALECT_SPEACHES) {
        char model[MODEL_SIZE];
        (void)query_get(request->query, "model", model, sizeof model);
        realtime_flat_begin(session->config, model);
        transcription_follow_plan(session);
        transcription_tell_session(session, true);
        return;
    }
    if (query_has(request->query, "model")) {
        api_error_set(&error, 400, "invalid_model", "model",
            "You must not provide a model parameter for transcription sessions.");
        transcription_end(session, &error, 1008);
        return;
    }
    if (!query_is(request->query, "intent", "transcription")) {
        api_error_set(&error, 400, "missing_model", "model",
            "A conversation session needs a model; the sandbox offers intent=transcription only.");
        transcription_end(session, &error, 1008);
        return;
    }
    const struct fault *fault = &session->gate.fault;
    if (fault->status) {
        api_error_from_fault(&error, SERVICE_STT, fault);
        transcription_end(session, &error, 1008);
        return;
    }
    transcription_tell_session(session, true);
}

/* Everything of a session that can fail to be made. */
static enum err open_parts(struct transcription *session)
{
    struct world *world = session->world;
    char id[WORLD_ID_SIZE];
    world_id(id, "sess_", 24);
    uint64_t expires_at_s = (clock_wall_ms() + 999) / 1000 + session->habits.session_s;
    session->config = realtime_config_create(id, expires_at_s);
    session->script = scripted_session(&world->scripted);
    if (!session->config || !session->script)
        return ERR_NOMEM;
    enum err err = paced_init(&session->paced, world->loop, &session->gate, &sink, session);
    if (!err)
        err = intake_init(
            &session->intake, world->loop, session->ws, &session->gate, on_message, session);
    if (!err)
        err = net_timer_create(&session->expiry, world->loop, on_expiry, session);
    if (!err)
        net_timer_set(session->expiry, clock_ms() + expires_at_s * 1000 - clock_wall_ms());
    if (!err)
        err = net_timer_create(
            &session->late_timer, world->loop, transcription_complete_late, session);
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
    session->habits = world->habits;
    session->dialect = dialect_of(request->path);
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
    transcription_follow_plan(session);
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
