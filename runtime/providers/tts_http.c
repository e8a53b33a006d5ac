/* One request a piece:

       pieces ─► POST ─► status ─► body ─(its turn)─► audio, times ─► listener
                                     └─(not yet)─► waits

   Callbacks of the listener may cancel contexts and close the session: what they make superfluous is freed when they are over. What
   a call of the owner brings about, a failure or an end, is told by the timer, never from inside that call. */
#include "providers/tts_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"
#include "observe/log.h"
#include "providers/tts_requests.h"

#define MOST_ANSWER_BYTES (16 * 1024 * 1024)
#define MOST_OBJECT_BYTES (4 * 1024 * 1024)
#define MOST_REQUEST_BYTES (64 * 1024)
#define MOST_REFUSAL_BYTES (64 * 1024) /* the rest of one is not read */
#define MOST_ULAW_BYTES (4 * 1024 * 1024)
#define FIRST_BYTE_MS 8000
#define IDLE_MS 5000

struct tts {
    const struct tts_ops *ops;
    const struct tts_wire *wire;
    const struct tts_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer;
    struct strbuf url, key;
    struct strbuf body_begin;
    struct strbuf ulaw; /* scratch */
    unsigned connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms;
    struct tts_requests requests;
    bool takes_neighbours;
    bool is_ready;  /* on_ready was called */
    enum err owed;  /* a request could not be made: to be told */
    bool is_failed; /* on_failed was called */
    bool is_busy;   /* inside a callback: freeing waits for its end */
    bool is_closed;
};

/* --- life --- */

static void drop_calls(struct tts_context *context)
{
    for (struct tts_piece *piece = context->pieces; piece; piece = piece->next) {
        if (piece->call)
            http_cancel(piece->call);
        piece->call = NULL;
    }
}

static void drop_all_calls(struct tts *tts)
{
    for (struct tts_context *context = tts->requests.contexts; context; context = context->next)
        drop_calls(context);
}

static void destroy(struct tts *tts)
{
    drop_all_calls(tts);
    net_timer_destroy(tts->timer);
    tts_requests_free(&tts->requests);
    strbuf_free(&tts->url);
    strbuf_free(&tts->key);
    strbuf_free(&tts->body_begin);
    strbuf_free(&tts->ulaw);
    free(tts);
}

static bool is_over(const struct tts *tts)
{
    return tts->is_closed || tts->is_failed;
}

static void give_up(struct tts *tts, const struct failure *failure)
{
    if (is_over(tts))
        return;
    drop_all_calls(tts);
    net_timer_clear(tts->timer);
    tts->is_failed = true;
    tts->listener->on_failed(tts->owner, failure);
}

static void fail(struct tts *tts, enum err err, const char *why)
{
    give_up(tts, &(struct failure){.kind = failure_of_err(err), .err = err, .why = why});
}

/* --- asking --- */

static const struct http_listener http_listener;

static enum err post(struct tts *tts, struct tts_piece *piece, struct slice body)
{
    struct http_header headers[] = {{tts->wire->key_header, tts->key.data},
        {"Content-Type", "application/json"}, {"Accept", tts->wire->accept}};
    unsigned longest_ms = tts->first_byte_timeout_ms > tts->idle_timeout_ms
                              ? tts->first_byte_timeout_ms
                              : tts->idle_timeout_ms;
    struct http_options options = {
        .method = "POST",
        .url = tts->url.data,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .body = body,
        .connect_timeout_ms = tts->connect_timeout_ms,
        .first_byte_timeout_ms = tts->first_byte_timeout_ms,
        .idle_timeout_ms = longest_ms, /* our own deadlines know what audio is */
        .max_body_bytes = MOST_ANSWER_BYTES,
        .allow_private = true, /* the operator chose the address; voices may live next door */
    };
    return http_start(&piece->call, tts->loop, &options, &http_listener, piece);
}

static enum err ask(struct tts *tts, struct tts_piece *piece)
{
    struct strbuf body;
    struct tts_text text = {.text = strbuf_slice(&piece->text)};
    if (tts->takes_neighbours) {
        text.before = strbuf_slice(&piece->context->said);
        text.after = tts_requests_following(piece);
    }
    strbuf_init(&body, MOST_REQUEST_BYTES + tts->body_begin.len);
    strbuf_add_slice(&body, strbuf_slice(&tts->body_begin));
    tts->wire->body_end(&body, &text);
    tts_piece_asked(piece);
    piece->due_ms = net_loop_now_ms(tts->loop) + tts->first_byte_timeout_ms;
    enum err err = body.failed ? ERR_FULL : post(tts, piece, strbuf_slice(&body));
    strbuf_free(&body);
    return err;
}

static bool has_news(const struct tts *tts)
{
    for (const struct tts_context *each = tts->requests.contexts; each; each = each->next)
        if (each->is_cancelled || tts_context_is_over(each))
            return true;
    return !tts->is_ready || tts->owed;
}

static void arm(struct tts *tts)
{
    uint64_t due_ms =
        has_news(tts) ? net_loop_now_ms(tts->loop) : tts_requests_due_ms(&tts->requests);
    if (due_ms && !is_over(tts))
        net_timer_set(tts->timer, due_ms);
    else
        net_timer_clear(tts->timer);
}

static void pump(struct tts *tts)
{
    struct tts_piece *piece;
    while (!is_over(tts) && !tts->owed && (piece = tts_requests_next(&tts->requests)))
        tts->owed = ask(tts, piece);
    arm(tts);
}

/* --- what callbacks leave behind --- */

static struct tts_context *find_cancelled(struct tts *tts)
{
    struct tts_context *context = tts->requests.contexts;
    while (context && !context->is_cancelled)
        context = context->next;
    return context;
}

static void sweep(struct tts *tts)
{
    struct tts_context *context;
    while ((context = find_cancelled(tts))) {
        drop_calls(context);
        tts_requests_remove(&tts->requests, context);
    }
}

static void leave(struct tts *tts)
{
    tts->is_busy = false;
    if (tts->is_closed) {
        destroy(tts);
        return;
    }
    sweep(tts);
    pump(tts);
}

static bool is_heard(const struct tts *tts, const struct tts_context *context)
{
    return !is_over(tts) && !context->is_cancelled;
}

/* --- audio and times --- */

static void give_ulaw(struct tts *tts, struct tts_context *context)
{
    struct slice ulaw = strbuf_slice(&tts->ulaw);
    if (!ulaw.len || !is_heard(tts, context))
        return;
    context->ulaw_len += ulaw.len;
    tts->listener->on_audio(tts->owner, context->number, (const uint8_t *)ulaw.data, ulaw.len);
}

static void give_audio(struct tts *tts, struct tts_piece *piece, struct slice audio)
{
    strbuf_clear(&tts->ulaw);
    piece->has_audio |= audio.len > 0;
    if (ulaw_stream_put(&piece->context->audio, audio, &tts->ulaw) || tts->ulaw.failed)
        fail(tts, ERR_NOMEM, "the audio cannot be converted");
    else
        give_ulaw(tts, piece->context);
}

/* Between two pieces, which the service knows nothing of. */
static void give_blank(struct tts *tts, struct tts_piece *piece)
{
    const struct tts_timing blank = {SLICE(" "), (uint32_t)(piece->begin_len / 8), 0};
    bool is_between = piece->is_follower && !piece->has_timings;
    piece->has_timings = true;
    if (is_between)
        tts->listener->on_timings(tts->owner, piece->context->number, &blank, 1);
}

/* The service counts from the beginning of the request's audio or, as on its socket, of this part of it: one that seems to step back
   counts from its own. */
static void give_timings(struct tts *tts, struct tts_piece *piece, struct speech_chunk *chunk)
{
    struct tts_context *context = piece->context;
    if (context->is_untimed || !(chunk->timing_count || chunk->has_bad_timings))
        return;
    context->is_untimed = chunk->has_bad_timings;
    if (!chunk->has_bad_timings)
        give_blank(tts, piece);
    if (!is_heard(tts, context))
        return;
    bool steps_back = chunk->timing_count && chunk->timings[0].start_ms < piece->last_start_ms;
    uint64_t from_len = steps_back ? context->ulaw_len : piece->begin_len;
    for (size_t i = 0; i < chunk->timing_count; i++)
        chunk->timings[i].start_ms += (uint32_t)(from_len / 8);
    if (chunk->timing_count)
        piece->last_start_ms =
            chunk->timings[chunk->timing_count - 1].start_ms - (uint32_t)(piece->begin_len / 8);
    tts->listener->on_timings(tts->owner, context->number, chunk->timings, chunk->timing_count);
}

static void take_chunk(struct tts *tts, struct tts_piece *piece, struct speech_chunk *chunk)
{
    if (chunk->is_error) {
        give_up(tts, &(struct failure){.kind = tts->wire->failure(chunk->error),
                         .err = ERR_REFUSED,
                         .status = piece->status,
                         .why = chunk->error});
        return;
    }
    give_timings(tts, piece, chunk);
    if (is_heard(tts, piece->context) && chunk->audio_len)
        give_audio(tts, piece, (struct slice){(const char *)chunk->audio, chunk->audio_len});
}

static void take_objects(struct tts *tts, struct tts_piece *piece, struct slice data)
{
    struct slice object;
    while (is_heard(tts, piece->context)) {
        struct speech_chunk chunk;
        enum err err = json_objects_next(&piece->objects, &data, &object);
        if (!err && !object.len)
            return;
        if (!err)
            err = tts->wire->decode(&chunk, object);
        if (err) {
            fail(tts, err, "the answer cannot be read");
            return;
        }
        take_chunk(tts, piece, &chunk);
        speech_chunk_free(&chunk);
    }
}

static void take_body(struct tts *tts, struct tts_piece *piece, struct slice data)
{
    if (tts->wire->is_objects)
        take_objects(tts, piece, data);
    else
        give_audio(tts, piece, data);
}

/* --- order --- */

static void end_context(struct tts *tts, struct tts_context *context)
{
    uint32_t number = context->number;
    strbuf_clear(&tts->ulaw);
    if (ulaw_stream_end(&context->audio, &tts->ulaw) == ERR_OK)
        give_ulaw(tts, context);
    if (!is_heard(tts, context))
        return;
    tts_requests_remove(&tts->requests, context);
    tts->listener->on_end(tts->owner, number);
}

static void fail_by_status(struct tts *tts, const struct tts_piece *piece)
{
    char code[SPEECH_CODE_SIZE];
    char why[SPEECH_CODE_SIZE + 32];
    tts->wire->error_code(strbuf_slice(&piece->body), code);
    snprintf(why, sizeof why, "http %d%s%s", piece->status, *code ? " " : "", code);
    give_up(tts, &(struct failure){.kind = failure_of_status(piece->status, code),
                     .err = ERR_REFUSED,
                     .status = piece->status,
                     .retry_after_ms = piece->retry_after_ms,
                     .why = why});
}

static bool is_success(const struct tts_piece *piece)
{
    return piece->status >= 200 && piece->status < 300;
}

static bool ends_well(struct tts *tts, const struct tts_piece *piece)
{
    if (piece->status && !is_success(piece)) { /* whatever became of its body */
        fail_by_status(tts, piece);
        return false;
    }
    if (piece->err) {
        fail(tts, piece->err, piece->why);
        return false;
    }
    bool is_cut = tts->wire->is_objects && json_objects_is_inside(&piece->objects);
    if (!is_cut && piece->has_audio)
        return true;
    fail(tts, ERR_CLOSED, is_cut ? "the answer ended in the middle" : "an answer without a sound");
    return false;
}

/* Later times would be taken for words of this piece. */
static void note_untimed(struct tts *tts, const struct tts_piece *piece)
{
    struct tts_context *context = piece->context;
    if (!tts->wire->is_objects || piece->has_timings || context->is_untimed)
        return;
    context->is_untimed = true;
    tts->listener->on_timings(tts->owner, context->number, NULL, 0);
}

static void take_waiting(struct tts *tts, struct tts_piece *piece)
{
    struct strbuf body = piece->body;
    if (!is_success(piece))
        return;
    strbuf_init(&piece->body, body.limit);
    if (body.len)
        take_body(tts, piece, strbuf_slice(&body));
    strbuf_free(&body);
}

/* The first piece of a context may have ended: what waits behind it is due now. A failure too is told in its turn: what came before
   it is heard. */
static void go_on(struct tts *tts, struct tts_context *context)
{
    while (is_heard(tts, context) && context->pieces && context->pieces->is_whole) {
        if (!ends_well(tts, context->pieces))
            return;
        note_untimed(tts, context->pieces);
        tts_context_drop_first(context);
        if (is_heard(tts, context) && context->pieces)
            take_waiting(tts, context->pieces);
    }
    if (is_heard(tts, context) && tts_context_is_over(context))
        end_context(tts, context);
}

/* --- the answer --- */

/* What a proxy says, or a format that nobody asked for, would be heard as noise. */
static bool is_odd_type(const struct tts_wire *wire, struct slice type)
{
    static const char *const odd[] = {"text/", "application/json", "audio/mpeg", "audio/mp3",
        "audio/ogg", "audio/opus", "audio/webm", "audio/aac", "audio/flac", "audio/wav",
        "audio/x-wav"};
    for (size_t i = 0; !wire->is_objects && i < sizeof odd / sizeof *odd; i++)
        if (slice_starts(type, odd[i]))
            return true;
    return wire->is_objects && slice_starts(type, "text/html");
}

static struct tts *tts_of(const struct tts_piece *piece)
{
    return piece->context->requests->owner;
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct tts_piece *piece = owner;
    piece->status = status;
    piece->retry_after_ms = retry_after_ms;
    piece->is_odd = is_odd_type(tts_of(piece)->wire, content_type);
}

static void put_off(struct tts *tts, struct tts_piece *piece)
{
    piece->due_ms = net_loop_now_ms(tts->loop) + tts->idle_timeout_ms;
}

/* Blanks and objects without a sound put nothing off. */
static void take_first(struct tts *tts, struct tts_piece *piece, struct slice data)
{
    const struct tts_context *context = piece->context; /* lives until `leave` */
    uint64_t heard_len = context->ulaw_len;
    take_body(tts, piece, data);
    if (context->ulaw_len > heard_len)
        put_off(tts, piece);
}

static void keep(struct tts *tts, struct tts_piece *piece, struct slice data)
{
    put_off(tts, piece);
    strbuf_add_slice(&piece->body, data);
}

static void keep_refusal(struct tts_piece *piece, struct slice data)
{
    size_t room = MOST_REFUSAL_BYTES - piece->body.len;
    strbuf_add(&piece->body, data.data, data.len < room ? data.len : room);
}

static void on_body(void *owner, struct slice data)
{
    struct tts_piece *piece = owner;
    struct tts *tts = tts_of(piece);
    if (!is_heard(tts, piece->context))
        return;
    tts->is_busy = true;
    if (!is_success(piece))
        keep_refusal(piece, data);
    else if (piece->is_odd)
        fail(tts, ERR_BAD, "the answer is no audio of the kind that was asked for");
    else if (tts_piece_is_first(piece))
        take_first(tts, piece, data);
    else
        keep(tts, piece, data);
    leave(tts);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct tts_piece *piece = owner;
    struct tts *tts = tts_of(piece);
    piece->call = NULL;
    if (!is_heard(tts, piece->context))
        return;
    tts->is_busy = true;
    piece->is_whole = true;
    piece->err = err == ERR_FULL || (!err && piece->body.failed) ? ERR_BAD : err;
    snprintf(piece->why, sizeof piece->why, "%s", why[0] ? why : "the answer is too large");
    go_on(tts, piece->context);
    leave(tts);
}

static const struct http_listener http_listener = {on_status, on_body, on_done};

/* --- time --- */

static bool is_late(const struct tts *tts, uint64_t now_ms)
{
    uint64_t due_ms = tts_requests_due_ms(&tts->requests);
    return due_ms && due_ms <= now_ms;
}

static struct tts_context *find_over(struct tts *tts)
{
    struct tts_context *context = tts->requests.contexts;
    while (context && (context->is_cancelled || !tts_context_is_over(context)))
        context = context->next;
    return context;
}

static void on_timer(void *owner)
{
    struct tts *tts = owner;
    struct tts_context *context;
    tts->is_busy = true;
    if (!tts->is_ready) {
        tts->is_ready = true;
        tts->listener->on_ready(tts->owner);
    }
    if (tts->owed)
        fail(tts, tts->owed, "a request could not be made");
    else if (is_late(tts, net_loop_now_ms(tts->loop)))
        fail(tts, ERR_TIMEOUT, "no audio in time");
    while (!is_over(tts) && (context = find_over(tts)))
        end_context(tts, context);
    leave(tts);
}

/* --- the interface --- */

static unsigned or_usual(unsigned own_ms, unsigned usual_ms)
{
    return own_ms ? own_ms : usual_ms;
}

static enum err prepare(struct tts *tts, const struct tts_settings *settings)
{
    const struct tts_wire *wire = tts->wire;
    tts->takes_neighbours = wire->takes_neighbours && wire->takes_neighbours(settings);
    tts->connect_timeout_ms = settings->connect_timeout_ms;
    tts->first_byte_timeout_ms = or_usual(settings->first_byte_timeout_ms, FIRST_BYTE_MS);
    tts->idle_timeout_ms = or_usual(settings->idle_timeout_ms, IDLE_MS);
    tts->requests = (struct tts_requests){.owner = tts,
        .most_piece_bytes = wire->most_text_bytes,
        .most_answer_bytes = MOST_ANSWER_BYTES,
        .most_object_bytes = MOST_OBJECT_BYTES,
        .pcm_hz = wire->pcm_hz(settings)};
    strbuf_init(&tts->url, 2048);
    strbuf_init(&tts->key, 4096);
    strbuf_init(&tts->body_begin, MOST_REQUEST_BYTES);
    strbuf_init(&tts->ulaw, MOST_ULAW_BYTES);
    strbuf_printf(&tts->key, "%s%s", wire->key_prefix, settings->api_key ? settings->api_key : "");
    wire->body_begin(&tts->body_begin, settings);
    enum err err = wire->url(&tts->url, settings);
    return err ? err : tts->key.failed || tts->body_begin.failed ? ERR_BAD : ERR_OK;
}

enum err tts_http_open(struct tts **out, const struct tts_ops *ops, const struct tts_wire *wire,
    struct net_loop *loop, const struct tts_settings *settings, const struct tts_listener *listener,
    void *owner)
{
    struct tts *tts = calloc(1, sizeof *tts);
    if (!tts)
        return ERR_NOMEM;
    tts->ops = ops;
    tts->wire = wire;
    tts->listener = listener;
    tts->owner = owner;
    tts->loop = loop;
    enum err err = prepare(tts, settings);
    if (!err)
        err = net_timer_create(&tts->timer, loop, on_timer, tts);
    if (err) {
        destroy(tts);
        return err;
    }
    http_warm(loop, tts->url.data);
    arm(tts);
    *out = tts;
    return ERR_OK;
}

static void pump_now_or_later(struct tts *tts)
{
    if (!tts->is_busy)
        pump(tts);
}

enum err tts_http_text(struct tts *tts, uint32_t context, struct slice text, bool flush)
{
    if (is_over(tts))
        return ERR_CLOSED;
    if (!context)
        return ERR_BAD;
    enum err err = tts_requests_text(&tts->requests, context, text, flush);
    pump_now_or_later(tts);
    return err;
}

void tts_http_end(struct tts *tts, uint32_t context)
{
    if (is_over(tts) || !context)
        return;
    enum err err = tts_requests_end(&tts->requests, context);
    if (err)
        log_warn("tts.end_ignored", "context=%u err=%s", context, err_name(err));
    pump_now_or_later(tts);
}

void tts_http_cancel(struct tts *tts, uint32_t context)
{
    if (is_over(tts))
        return;
    tts_requests_cancel(&tts->requests, context);
    if (tts->is_busy)
        return;
    sweep(tts);
    pump(tts);
}

void tts_http_close(struct tts *tts)
{
    drop_all_calls(tts);
    net_timer_clear(tts->timer);
    tts->is_closed = true;
    if (!tts->is_busy)
        destroy(tts);
}
