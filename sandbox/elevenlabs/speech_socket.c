#include "elevenlabs/speech_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "elevenlabs/speech_buffer.h"
#include "elevenlabs/speech_input.h"
#include "elevenlabs/speech_options.h"
#include "elevenlabs/speech_render.h"
#include "observe/log.h"

#define MAX_CONTEXTS 5
#define POLICY_CLOSE 1008
#define ONLY_CONTEXT "" /* the id of stream-input's one context, never said */

/* OPEN takes text; CLOSED only sends what was spoken before it was closed. */
enum context_state { CONTEXT_OPEN, CONTEXT_CLOSED };

struct speech_context {
    struct speech_context *next;
    struct speech_socket *socket;
    char id[128];
    enum context_state state;
    bool was_flushed;
    bool wants_final; /* isFinal ends it */
    json_t *settings; /* of its first message; NULL: none */
    double speed;
    struct speech_buffer buffer;
    struct paced paced;
    uint64_t spoken_until_ms; /* when the last audio leaves */
    uint64_t last_text_ms;
};

struct speech_socket {
    struct speech_socket *next;
    struct world *world;
    struct ws *ws;
    struct gate gate;
    struct paced paced; /* errors and the end, in order after nothing else */
    struct net_timer *idle;
    struct speech_options options;
    bool is_multi;
    bool is_closing; /* nothing more is said or listened to */
    struct speech_context *contexts;
    uint64_t last_message_ms;
};

/* ---- life ---- */

static void context_destroy(struct speech_context *context)
{
    struct speech_context **link = &context->socket->contexts;
    while (*link != context)
        link = &(*link)->next;
    *link = context->next;
    paced_close(&context->paced);
    speech_buffer_free(&context->buffer);
    json_decref(context->settings);
    free(context);
}

static void drop_contexts(struct speech_socket *socket)
{
    while (socket->contexts)
        context_destroy(socket->contexts);
}

static void destroy(struct speech_socket *socket)
{
    struct speech_socket **link = &socket->world->speech_sockets;
    while (*link != socket)
        link = &(*link)->next;
    *link = socket->next;
    ledger_count(&socket->world->ledger, TALLY_TTS_OPEN, -1);
    drop_contexts(socket);
    paced_close(&socket->paced);
    net_timer_destroy(socket->idle);
    free(socket);
}

static void close_socket(struct speech_socket *socket, int code, const char *why)
{
    if (socket->is_closing)
        return;
    socket->is_closing = true;
    net_timer_clear(socket->idle);
    ws_close(socket->ws, code, why);
}

static void cut(struct speech_socket *socket)
{
    if (socket->gate.fault.close_code) {
        close_socket(socket, socket->gate.fault.close_code, "fault");
        return;
    }
    ws_close_now(socket->ws);
    destroy(socket);
}

static enum err on_socket_send(void *owner, struct slice message)
{
    return ws_send(((struct speech_socket *)owner)->ws, message);
}

static void on_socket_cut(void *owner)
{
    cut(owner);
}

static void on_socket_finish(void *owner)
{
    struct speech_socket *socket = owner;
    ws_close(socket->ws, POLICY_CLOSE, "policy");
}

static const struct paced_sink socket_sink = {
    .send = on_socket_send, .finish = on_socket_finish, .cut = on_socket_cut};

/* The error as a text frame, then the close. */
static void fail(struct speech_socket *socket, const struct api_error *error)
{
    ledger_count(&socket->world->ledger, TALLY_TTS_ERRORS, 1);
    log_info("sandbox.tts.refused", "code=%s why=%s", error->code, error->message);
    json_t *object = json_pack(
        "{s:s s:s s:i}", "message", error->message, "error", error->code, "code", POLICY_CLOSE);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    net_timer_clear(socket->idle);
    socket->is_closing = true;
    bool is_lost = !text || paced_put(&socket->paced, clock_ms(), slice_from(text)) ||
                   paced_finish(&socket->paced);
    free(text);
    if (is_lost)
        ws_close(socket->ws, POLICY_CLOSE, "policy");
}

static void fail_with(struct speech_socket *socket, const char *code, const char *message)
{
    struct api_error error;
    api_error_set(&error, 400, code, NULL, "%s", message);
    fail(socket, &error);
}

/* ---- contexts ---- */

static enum err on_context_send(void *owner, struct slice message)
{
    struct speech_context *context = owner;
    if (context->socket->is_closing)
        return ERR_OK;
    return ws_send(context->socket->ws, message);
}

static void on_context_cut(void *owner)
{
    cut(((struct speech_context *)owner)->socket);
}

/* Everything of a closed context was sent. */
static void on_context_finish(void *owner)
{
    struct speech_context *context = owner;
    struct speech_socket *socket = context->socket;
    context_destroy(context);
    if (!socket->is_multi)
        close_socket(socket, 1000, "done");
}

static const struct paced_sink context_sink = {
    .send = on_context_send, .finish = on_context_finish, .cut = on_context_cut};

static struct speech_context *find_open(struct speech_socket *socket, const char *id)
{
    struct speech_context *context = socket->contexts;
    while (context && (context->state != CONTEXT_OPEN || strcmp(context->id, id)))
        context = context->next;
    return context;
}

static size_t count_open(const struct speech_socket *socket)
{
    size_t count = 0;
    for (const struct speech_context *context = socket->contexts; context; context = context->next)
        count += context->state == CONTEXT_OPEN;
    return count;
}

/* NULL: the socket fails. */
static struct speech_context *open_context(
    struct speech_socket *socket, const char *id, const struct speech_input *first)
{
    if (count_open(socket) >= MAX_CONTEXTS) {
        fail_with(socket, "max_active_conversations",
            "Maximum simultaneous contexts (5) per connection exceeded.");
        return NULL;
    }
    struct speech_context *context = calloc(1, sizeof *context);
    if (!context ||
        paced_init(&context->paced, socket->world->loop, &socket->gate, &context_sink, context)) {
        free(context);
        fail_with(socket, "internal_server_error", "Out of memory.");
        return NULL;
    }
    snprintf(context->id, sizeof context->id, "%s", id);
    context->socket = socket;
    context->settings = json_incref(first->settings);
    context->speed = first->speed;
    speech_buffer_init(
        &context->buffer, first, socket->options.is_auto, socket->options.max_characters);
    context->next = socket->contexts;
    socket->contexts = context;
    ledger_count(&socket->world->ledger, TALLY_TTS_CONTEXTS, 1);
    return context;
}

/* Takes the message. */
static void say_take(struct speech_context *context, uint64_t due_ms, json_t *message)
{
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    if (!text || paced_put(&context->paced, due_ms, slice_from(text)))
        log_warn("sandbox.tts.dropped", "context=%s", context->id);
    free(text);
    json_decref(message);
}

static void name_context(const struct speech_context *context, json_t *message)
{
    if (context->socket->is_multi)
        json_object_set_new(message,
            context->socket->gate.fault.docs_spelling ? "context_id" : "contextId",
            json_string(context->id));
}

static const char *final_key(const struct speech_context *context)
{
    return context->socket->gate.fault.docs_spelling ? "is_final" : "isFinal";
}

struct speaking {
    struct speech_context *context;
    uint64_t begin_ms;
};

static void on_piece(void *owner, const struct speech_piece *piece)
{
    struct speaking *speaking = owner;
    struct speech_context *context = speaking->context;
    const struct fault *fault = &context->socket->gate.fault;
    char *base64 = malloc(BASE64_SIZE(piece->audio.len));
    if (!base64)
        return;
    base64_encode(piece->audio.data, piece->audio.len, base64);
    json_t *alignment =
        fault->null_alignment ? json_null() : speech_alignment(piece, fault->docs_spelling);
    json_t *message = json_pack("{s:s s:n s:O s:o}", "audio", base64, final_key(context),
        "alignment", alignment, "normalizedAlignment", alignment);
    name_context(context, message);
    unsigned speedup = context->socket->world->options->pace.speedup;
    say_take(context, speaking->begin_ms + piece->start_ms / (speedup ? speedup : 1), message);
    free(base64);
}

static void speak(struct speech_context *context, struct slice text)
{
    struct speech_socket *socket = context->socket;
    struct world *world = socket->world;
    uint64_t begin_ms = clock_ms() + world->options->pace.first_audio_ms;
    if (begin_ms < context->spoken_until_ms)
        begin_ms = context->spoken_until_ms;
    uint32_t audio_ms = 0;
    if (speech_render(&socket->options, world->options->voice, text, context->speed, on_piece,
            &(struct speaking){context, begin_ms}, &audio_ms))
        log_error("sandbox.tts.render", "context=%s", context->id);
    unsigned speedup = world->options->pace.speedup;
    context->spoken_until_ms = begin_ms + audio_ms / (speedup ? speedup : 1);
    ledger_count(&world->ledger, TALLY_TTS_CHARACTERS, (int)text.len);
    ledger_note_take(&world->ledger, LEDGER_SPOKEN,
        json_pack("{s:s s:s% s:i}", "context_id", context->id, "text", text.data, text.len,
            "audio_ms", (int)audio_ms));
}

static void speak_what_is_due(struct speech_context *context, bool is_flushed)
{
    for (;;) {
        struct slice text = speech_buffer_due(&context->buffer, is_flushed);
        if (!text.len)
            return;
        speak(context, text);
        context->was_flushed = context->was_flushed || is_flushed || context->buffer.is_auto;
        speech_buffer_spoken(&context->buffer, text.len);
    }
}

/* No more text. isFinal follows the audio if the context was ever flushed; text that was not is lost. */
static void close_context(struct speech_context *context, bool wants_final)
{
    context->state = CONTEXT_CLOSED;
    if (wants_final) {
        json_t *message = json_pack("{s:n s:b s:n s:n}", "audio", final_key(context), 1,
            "normalizedAlignment", "alignment");
        name_context(context, message);
        uint64_t now_ms = clock_ms();
        say_take(context, context->spoken_until_ms > now_ms ? context->spoken_until_ms : now_ms,
            message);
    }
    if (paced_finish(&context->paced))
        context_destroy(context);
}

/* ---- messages ---- */

static bool are_settings_fine(struct speech_context *context, const struct speech_input *input)
{
    if (!input->settings || (context->settings && json_equal(context->settings, input->settings)))
        return true;
    fail_with(context->socket, "invalid_message",
        "Settings may only be given in the first message of a context.");
    return false;
}

static void feed(struct speech_context *context, const struct speech_input *input)
{
    context->last_text_ms = clock_ms();
    if (input->has_text && !speech_buffer_add(&context->buffer, input->text)) {
        fail_with(context->socket, "max_character_limit_exceeded",
            "The text is longer than the model takes.");
        return;
    }
    if (input->flush)
        context->was_flushed = true;
    speak_what_is_due(context, input->flush);
}

static bool is_blank(const struct speech_input *input)
{
    return !slice_trim(input->text).len;
}

static void on_multi(struct speech_socket *socket, const struct speech_input *input)
{
    if (input->close_socket) {
        close_socket(socket, 1000, "done");
        return;
    }
    bool is_keepalive = !input->context_id && is_blank(input) && !input->flush &&
                        !input->close_context && !input->settings;
    if (is_keepalive)
        return;
    const char *id = input->context_id ? input->context_id : "default";
    struct speech_context *context = find_open(socket, id);
    if (!context && input->close_context && is_blank(input))
        return;
    if (context && !are_settings_fine(context, input))
        return;
    if (!context)
        context = open_context(socket, id, input);
    if (!context)
        return;
    feed(context, input);
    if (input->close_context && !socket->is_closing)
        close_context(context, context->was_flushed);
}

static void on_single(struct speech_socket *socket, const struct speech_input *input)
{
    struct speech_context *context = socket->contexts;
    if (input->context_id || input->close_context || input->close_socket || !input->has_text) {
        fail_with(socket, "invalid_message", "Expected a message with text.");
        return;
    }
    if (!context) {
        if (!slice_is(input->text, " "))
            fail_with(
                socket, "invalid_message", "The first message must have a single space as text.");
        else
            context = open_context(socket, ONLY_CONTEXT, input);
        if (context)
            context->last_text_ms = clock_ms();
        return;
    }
    if (context->state == CONTEXT_CLOSED || !are_settings_fine(context, input))
        return;
    if (input->text.len) {
        feed(context, input);
        return;
    }
    speak_what_is_due(context, true);
    close_context(context, true);
}

/* ---- silence ---- */

static uint64_t next_deadline(const struct speech_socket *socket)
{
    uint64_t earliest = socket->last_message_ms;
    for (const struct speech_context *context = socket->contexts; context; context = context->next)
        if (context->state == CONTEXT_OPEN && context->last_text_ms < earliest)
            earliest = context->last_text_ms;
    return earliest + socket->options.inactivity_ms;
}

static void close_idle_contexts(struct speech_socket *socket, uint64_t now_ms)
{
    struct speech_context *next;
    for (struct speech_context *context = socket->contexts; context; context = next) {
        next = context->next;
        if (context->state == CONTEXT_OPEN &&
            now_ms - context->last_text_ms >= socket->options.inactivity_ms)
            close_context(context, false);
    }
}

static void on_idle(void *owner)
{
    struct speech_socket *socket = owner;
    uint64_t now_ms = clock_ms();
    if (!socket->is_multi || now_ms - socket->last_message_ms >= socket->options.inactivity_ms) {
        fail_with(socket, "input_timeout_exceeded",
            "No new text input arrived within the inactivity timeout.");
        return;
    }
    close_idle_contexts(socket, now_ms);
    net_timer_set(socket->idle, next_deadline(socket));
}

/* ---- the socket ---- */

static void on_text(void *owner, struct slice message)
{
    struct speech_socket *socket = owner;
    if (socket->is_closing)
        return;
    struct speech_input input;
    struct api_error error;
    json_t *json = json_loadb(message.data, message.len, 0, NULL);
    if (speech_input_read(&input, json, &error)) {
        fail(socket, &error);
        json_decref(json);
        return;
    }
    socket->last_message_ms = clock_ms();
    if (socket->is_multi)
        on_multi(socket, &input);
    else
        on_single(socket, &input);
    if (!socket->is_closing)
        net_timer_set(socket->idle, next_deadline(socket));
    speech_input_free(&input);
    json_decref(json);
}

static void on_bad(void *owner, const char *why)
{
    struct speech_socket *socket = owner;
    if (!socket->is_closing)
        fail_with(socket, "invalid_message", "A message was too large or binary.");
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    destroy(owner);
}

static const struct ws_listener listener = {
    .on_text = on_text, .on_bad = on_bad, .on_closed = on_closed};

void speech_socket_accept(
    struct world *world, struct ws *ws, struct slice voice_id, struct slice query, bool is_multi)
{
    struct speech_socket *socket = calloc(1, sizeof *socket);
    if (!socket) {
        ws_close_now(ws);
        return;
    }
    struct fault fault = world_fault(world, SERVICE_TTS);
    gate_init(&socket->gate, &fault);
    socket->world = world;
    socket->ws = ws;
    socket->is_multi = is_multi;
    socket->last_message_ms = clock_ms();
    socket->next = world->speech_sockets;
    world->speech_sockets = socket;
    ledger_count(&world->ledger, TALLY_TTS_SESSIONS, 1);
    ledger_count(&world->ledger, TALLY_TTS_OPEN, 1);
    if (paced_init(&socket->paced, world->loop, &socket->gate, &socket_sink, socket) ||
        net_timer_create(&socket->idle, world->loop, on_idle, socket)) {
        ws_close_now(ws);
        destroy(socket);
        return;
    }
    ws_set_listener(ws, &listener, socket);
    struct api_error error;
    if (speech_options_read(&socket->options, voice_id, query, true, &error))
        fail(socket, &error);
    else
        net_timer_set(socket->idle, next_deadline(socket));
}

void speech_socket_break_all(struct world *world, const struct fault *fault)
{
    struct speech_socket *next;
    for (struct speech_socket *socket = world->speech_sockets; socket; socket = next) {
        next = socket->next;
        gate_init(&socket->gate, fault);
        bool is_cut_now = fault->cut_after_messages == 0 || fault->cut_after_bytes == 0;
        if (is_cut_now && !socket->is_closing && !fault->hang && !fault->garbage)
            cut(socket);
    }
}

void speech_socket_close_all(struct world *world)
{
    while (world->speech_sockets) {
        struct speech_socket *socket = world->speech_sockets;
        ws_close_now(socket->ws);
        destroy(socket);
    }
}
