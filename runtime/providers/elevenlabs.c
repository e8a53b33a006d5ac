/* A speaking session:

       text, end, cancel ─► contexts ─► messages ─► socket ─► audio, timings, isFinal ─► listener

   The socket is opened ahead of need. When it is lost while nothing is being said, the next text opens
   another; when it is lost before a reply made a sound, the reply is asked for once more. A reply that is
   cut off in the middle is a failure, and so is a message that cannot be read while one is under way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ws.h"
#include "observe/log.h"
#include "providers/elevenlabs_codec.h"
#include "providers/elevenlabs_contexts.h"
#include "providers/elevenlabs_speech.h"
#include "providers/tts.h"

#define MOST_MESSAGE_BYTES (16 * 1024 * 1024)
#define MOST_QUEUE_BYTES (256 * 1024)
#define POLICY_CLOSE 1008
#define VENDOR_INACTIVITY_S 20 /* when nothing else is asked for */

enum phase {
    PHASE_IDLE, /* no socket; text opens one */
    PHASE_CONNECTING,
    PHASE_READY,
    PHASE_LEAVING, /* we gave the socket up and wait for its end */
    PHASE_FINAL,   /* on_failed was called */
};

struct tts {
    const struct tts_ops *ops;
    const struct tts_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer;
    struct ws *ws;
    struct tts_settings settings; /* only its numbers */
    struct strbuf url;
    struct strbuf key;
    enum phase phase;
    bool was_ready; /* on_ready was called */
    bool is_retry;  /* text is being sent for the second time */
    bool is_busy;   /* inside a callback: freeing waits for its end */
    bool is_closed;
    char error[SPEECH_ERROR_SIZE]; /* what the service said before it closed the socket, */
    enum failure_kind error_kind;  /* and of what kind that is */
    struct strbuf ulaw;            /* scratch */
    struct contexts contexts;
    struct strbuf message;
};

/* --- life --- */

static void destroy(struct tts *tts)
{
    if (tts->ws)
        ws_close_now(tts->ws);
    net_timer_destroy(tts->timer);
    contexts_free(&tts->contexts);
    strbuf_free(&tts->url);
    strbuf_free(&tts->key);
    strbuf_free(&tts->message);
    strbuf_free(&tts->ulaw);
    free(tts);
}

static bool is_over(const struct tts *tts)
{
    return tts->is_closed || tts->phase == PHASE_FINAL;
}

static void drop_socket(struct tts *tts)
{
    if (tts->ws)
        ws_close_now(tts->ws);
    tts->ws = NULL;
}

static void give_up(struct tts *tts, const struct failure *failure)
{
    if (is_over(tts))
        return;
    drop_socket(tts);
    net_timer_clear(tts->timer);
    tts->phase = PHASE_FINAL;
    tts->listener->on_failed(tts->owner, failure);
}

static void fail(struct tts *tts, enum err err, const char *why)
{
    give_up(tts, &(struct failure){.kind = failure_of_err(err), .err = err, .why = why});
}

/* --- sending --- */

static const struct ws_listener ws_listener;

static enum err connect_socket(struct tts *tts)
{
    struct ws_header header = {"xi-api-key", tts->key.data};
    struct ws_options options = {
        .url = tts->url.data,
        .headers = &header,
        .header_count = 1,
        .connect_timeout_ms = tts->settings.connect_timeout_ms,
        .max_message_bytes = MOST_MESSAGE_BYTES,
        .max_queue_bytes = MOST_QUEUE_BYTES,
    };
    enum err err = ws_connect(&tts->ws, tts->loop, &options, &ws_listener, tts);
    tts->phase = err ? PHASE_IDLE : PHASE_CONNECTING;
    tts->error[0] = 0;
    return err;
}

static void arm(struct tts *tts)
{
    bool can_act = !is_over(tts) && tts->phase != PHASE_LEAVING; /* then ws bounds the wait */
    uint64_t deadline_ms = can_act ? contexts_deadline(&tts->contexts) : 0;
    if (deadline_ms)
        net_timer_set(tts->timer, deadline_ms);
    else
        net_timer_clear(tts->timer);
}

/* Sends all that may be sent now. A socket that takes no more is given up; its end comes as an event. */
static void pump(struct tts *tts)
{
    uint64_t now_ms = net_loop_now_ms(tts->loop);
    while (tts->phase == PHASE_READY &&
           contexts_next_message(&tts->contexts, &tts->settings, now_ms, &tts->message)) {
        enum err err =
            tts->message.failed ? ERR_NOMEM : ws_send(tts->ws, strbuf_slice(&tts->message));
        strbuf_clear(&tts->message);
        if (!err)
            continue;
        tts->phase = PHASE_LEAVING;
        if (err != ERR_CLOSED)
            ws_close(tts->ws, 1011, "");
    }
    arm(tts);
}

/* For what the owner asks. From inside a callback it is sent when that is over: the message that is being
   taken may be the last one of a context, and nothing may be sent behind that. */
static void pump_now_or_later(struct tts *tts)
{
    if (!tts->is_busy)
        pump(tts);
}

static void leave(struct tts *tts)
{
    tts->is_busy = false;
    if (tts->is_closed)
        destroy(tts);
    else if (tts->phase != PHASE_FINAL)
        pump(tts);
}

/* --- the socket's end --- */

static void note_error(struct tts *tts, enum failure_kind kind, const char *text)
{
    snprintf(tts->error, sizeof(tts->error), "%s", text);
    tts->error_kind = kind;
}

static void lose(struct tts *tts, const struct failure *failure)
{
    struct failure said = {.kind = tts->error_kind, .err = ERR_REFUSED, .why = tts->error};
    bool was_connecting = tts->phase == PHASE_CONNECTING;
    drop_socket(tts);
    tts->phase = PHASE_IDLE;
    enum contexts_loss loss = contexts_disconnect(&tts->contexts);
    bool is_useless = was_connecting || loss == CONTEXTS_BROKEN;
    bool is_no_use = tts->is_retry || tts->error[0] || failure->kind == FAILURE_GARBLED;
    bool is_given_up = loss == CONTEXTS_RESEND && is_no_use;
    if (is_useless || is_given_up) {
        give_up(tts, tts->error[0] ? &said : failure);
        return;
    }
    log_info("tts.disconnected", "why=%s", tts->error[0] ? tts->error : failure->why);
    if (loss == CONTEXTS_IDLE)
        return;
    tts->is_retry = true;
    if (connect_socket(tts))
        give_up(tts, failure);
}

static void lose_by(struct tts *tts, enum err err, const char *why)
{
    lose(tts, &(struct failure){.kind = failure_of_err(err), .err = err, .why = why});
}

/* --- events --- */

static void on_open(void *owner)
{
    struct tts *tts = owner;
    tts->is_busy = true;
    tts->phase = PHASE_READY;
    if (!tts->was_ready) {
        tts->was_ready = true;
        tts->listener->on_ready(tts->owner);
    }
    leave(tts);
}

static void give_timings(
    struct tts *tts, struct context *context, struct elevenlabs_message *message)
{
    if (context->is_untimed)
        return;
    if (message->speech.has_bad_timings) {
        context->is_untimed = true;
        log_warn("tts.bad_timings", "context=%u", context->id.number);
        tts->listener->on_timings(tts->owner, context->id.number, NULL, 0);
        return;
    }
    uint32_t offset_ms = (uint32_t)(context->audio_len / 8);
    for (size_t i = 0; i < message->speech.timing_count; i++)
        message->speech.timings[i].start_ms += offset_ms;
    if (message->speech.timing_count)
        tts->listener->on_timings(
            tts->owner, context->id.number, message->speech.timings, message->speech.timing_count);
}

static void give_ulaw(struct tts *tts, struct context *context, struct slice ulaw)
{
    if (!ulaw.len)
        return;
    contexts_count_audio(context, ulaw.len);
    tts->is_retry = false;
    tts->listener->on_audio(tts->owner, context->id.number, (const uint8_t *)ulaw.data, ulaw.len);
}

static void give_audio(struct tts *tts, struct context *context, struct slice audio)
{
    if (!context->audio.pcm_hz) {
        give_ulaw(tts, context, audio);
        return;
    }
    strbuf_clear(&tts->ulaw);
    if (ulaw_stream_put(&context->audio, audio, &tts->ulaw) || tts->ulaw.failed)
        fail(tts, ERR_NOMEM, "the audio cannot be converted");
    else
        give_ulaw(tts, context, strbuf_slice(&tts->ulaw));
}

/* Timings go first, so that the owner knows what it is about to hear. A callback may cancel the context
   or close the session: it is looked up again after each. */
static void take_speech(struct tts *tts, struct elevenlabs_message *message)
{
    const struct speech_chunk *speech = &message->speech;
    uint64_t now_ms = speech->audio_len ? net_loop_now_ms(tts->loop) : 0;
    struct context *context = contexts_hear(&tts->contexts, message->id, now_ms);
    if (context)
        give_timings(tts, context, message);
    if (is_over(tts))
        return;
    context = contexts_hear(&tts->contexts, message->id, now_ms);
    if (context && speech->audio_len)
        give_audio(tts, context, (struct slice){(const char *)speech->audio, speech->audio_len});
}

/* The filter's rest, when it was PCM. */
static void give_tail(struct tts *tts, struct elevenlabs_id id)
{
    struct context *context = contexts_hear(&tts->contexts, id, net_loop_now_ms(tts->loop));
    strbuf_clear(&tts->ulaw);
    if (context && context->state == CONTEXT_CLOSING &&
        ulaw_stream_end(&context->audio, &tts->ulaw) == ERR_OK)
        give_ulaw(tts, context, strbuf_slice(&tts->ulaw));
}

static void take_message(struct tts *tts, struct elevenlabs_message *message)
{
    if (message->speech.is_error) {
        note_error(tts, elevenlabs_failure(message->speech.error), message->speech.error);
        lose_by(tts, ERR_REFUSED, tts->error);
        return;
    }
    take_speech(tts, message);
    if (message->is_final && !is_over(tts))
        give_tail(tts, message->id);
    if (message->is_final && !is_over(tts) && contexts_final(&tts->contexts, message->id))
        tts->listener->on_end(tts->owner, message->id.number);
}

/* Whose words it was cannot be told: what follows would be heard without them. */
static void on_text(void *owner, struct slice text)
{
    struct tts *tts = owner;
    struct elevenlabs_message message;
    enum err err = elevenlabs_decode(&message, text);
    tts->is_busy = true;
    if (!err) {
        take_message(tts, &message);
        elevenlabs_message_free(&message);
    } else {
        log_warn("tts.bad_message", "err=%s len=%zu", err_name(err), text.len);
        lose_by(tts, ERR_BAD, "a message that cannot be read");
    }
    leave(tts);
}

static enum failure_kind kind_of_policy(const char *why)
{
    enum failure_kind kind = elevenlabs_failure(why);
    return kind == FAILURE_BROKEN ? FAILURE_REQUEST : kind;
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct tts *tts = owner;
    char text[SPEECH_ERROR_SIZE];
    bool is_status = err == ERR_REFUSED && code >= 300 && code < 600;
    snprintf(text, sizeof(text), "socket closed: code %d %s", code, why ? why : "");
    tts->ws = NULL;
    tts->is_busy = true;
    if (code == POLICY_CLOSE && !tts->error[0]) /* for what we sent: sending it again is no use */
        note_error(tts, kind_of_policy(text), text);
    if (is_status)
        lose(
            tts, &(struct failure){
                     .kind = failure_of_status(code, ""), .err = err, .status = code, .why = text});
    else
        lose_by(tts, err ? err : ERR_CLOSED, text);
    leave(tts);
}

static const struct ws_listener ws_listener = {
    .on_open = on_open, .on_text = on_text, .on_closed = on_closed};

static void on_timer(void *owner)
{
    struct tts *tts = owner;
    uint64_t now_ms = net_loop_now_ms(tts->loop);
    uint32_t ended;
    tts->is_busy = true;
    contexts_expire(&tts->contexts, now_ms);
    if (contexts_are_stalled(&tts->contexts, now_ms))
        lose_by(tts, ERR_TIMEOUT, "no audio in time");
    while (!is_over(tts) && (ended = contexts_take_ended(&tts->contexts)))
        tts->listener->on_end(tts->owner, ended);
    leave(tts);
}

/* --- the interface --- */

static enum err prepare(struct tts *tts, const struct tts_settings *settings)
{
    unsigned inactivity_s =
        settings->inactivity_timeout_s ? settings->inactivity_timeout_s : VENDOR_INACTIVITY_S;
    contexts_init(&tts->contexts, inactivity_s * 1000 / 2);
    tts->contexts.pcm_hz = elevenlabs_pcm_hz(settings);
    if (settings->first_byte_timeout_ms)
        tts->contexts.first_audio_ms = settings->first_byte_timeout_ms;
    if (settings->idle_timeout_ms)
        tts->contexts.idle_ms = settings->idle_timeout_ms;
    strbuf_init(&tts->ulaw, MOST_MESSAGE_BYTES);
    strbuf_init(&tts->message, 64 * 1024);
    strbuf_init(&tts->url, 2048);
    strbuf_init(&tts->key, 1024);
    strbuf_add_slice(&tts->key, slice_from(settings->api_key));
    if (tts->key.failed)
        return ERR_BAD;
    enum err err = elevenlabs_url(&tts->url, settings);
    tts->settings = *settings;
    tts->settings.base_url = tts->settings.api_key = tts->settings.voice_id = NULL;
    tts->settings.model = tts->settings.language = tts->settings.instructions = NULL;
    tts->settings.route = NULL;
    return err;
}

static enum err open_session(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    struct tts *tts = calloc(1, sizeof(*tts));
    if (!tts)
        return ERR_NOMEM;
    tts->ops = &elevenlabs_tts;
    tts->listener = listener;
    tts->owner = owner;
    tts->loop = loop;
    enum err err = prepare(tts, settings);
    if (!err)
        err = net_timer_create(&tts->timer, loop, on_timer, tts);
    if (!err)
        err = connect_socket(tts);
    if (err) {
        destroy(tts);
        return err;
    }
    *out = tts;
    return ERR_OK;
}

static enum err send_text(struct tts *tts, uint32_t context, struct slice text, bool flush)
{
    if (is_over(tts))
        return ERR_CLOSED;
    if (!context)
        return ERR_BAD;
    enum err err = contexts_text(&tts->contexts, context, text, flush);
    if (!err && tts->phase == PHASE_IDLE && contexts_have_work(&tts->contexts))
        err = connect_socket(tts);
    pump_now_or_later(tts);
    return err;
}

static void end(struct tts *tts, uint32_t context)
{
    if (is_over(tts) || !context)
        return;
    enum err err = contexts_end(&tts->contexts, context);
    if (err)
        log_warn("tts.end_ignored", "context=%u err=%s", context, err_name(err));
    pump_now_or_later(tts);
}

static void cancel(struct tts *tts, uint32_t context)
{
    if (is_over(tts))
        return;
    contexts_cancel(&tts->contexts, context);
    pump_now_or_later(tts);
}

static void close_session(struct tts *tts)
{
    drop_socket(tts);
    net_timer_clear(tts->timer);
    tts->is_closed = true;
    if (!tts->is_busy)
        destroy(tts);
}

const struct tts_ops elevenlabs_tts = {
    "elevenlabs", open_session, send_text, end, cancel, close_session};
