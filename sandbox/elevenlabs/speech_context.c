#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "elevenlabs/speech_render.h"
#include "elevenlabs/speech_socket_internal.h"
#include "observe/log.h"

#define MAX_CONTEXTS 5

void speech_context_destroy(struct speech_context *context)
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

static enum err on_context_send(void *owner, struct slice message)
{
    struct speech_context *context = owner;
    if (context->socket->is_closing)
        return ERR_OK;
    return ws_send(context->socket->ws, message);
}

static void on_context_cut(void *owner)
{
    speech_socket_cut(((struct speech_context *)owner)->socket);
}

/* Everything of a closed context was sent. */
static void on_context_finish(void *owner)
{
    struct speech_context *context = owner;
    struct speech_socket *socket = context->socket;
    speech_context_destroy(context);
    if (!socket->is_multi)
        speech_socket_close(socket, 1000, "done");
}

static const struct paced_sink context_sink = {
    .send = on_context_send, .finish = on_context_finish, .cut = on_context_cut};

struct speech_context *speech_context_find(struct speech_socket *socket, const char *id)
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

struct speech_context *speech_context_open(
    struct speech_socket *socket, const char *id, const struct speech_input *first)
{
    if (count_open(socket) >= MAX_CONTEXTS) {
        speech_socket_fail_with(socket, "max_active_conversations",
            "Maximum simultaneous contexts (5) per connection exceeded.");
        return NULL;
    }
    struct speech_context *context = calloc(1, sizeof *context);
    if (!context ||
        paced_init(&context->paced, socket->world->loop, &socket->gate, &context_sink, context)) {
        free(context);
        speech_socket_fail_with(socket, "internal_server_error", "Out of memory.");
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

static void name_context(const struct speech_context *context, json_t *message, const char *id)
{
    if (context->socket->is_multi)
        json_object_set_new(message,
            context->socket->gate.fault.docs_spelling ? "context_id" : "contextId",
            json_string(id));
}

static const char *final_key(const struct speech_context *context)
{
    return context->socket->gate.fault.docs_spelling ? "is_final" : "isFinal";
}

/* A fault: a quarter of a second that belongs to nothing the client waits for. */
static void say_stray(struct speech_context *context, uint64_t due_ms, const char *id)
{
    unsigned char noise[2000];
    char base64[BASE64_SIZE(sizeof noise)];
    if (!context->socket->gate.fault.stray_audio)
        return;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * 37);
    base64_encode((const char *)noise, sizeof noise, base64);
    json_t *message = json_pack("{s:s s:n s:n s:n}", "audio", base64, final_key(context),
        "alignment", "normalizedAlignment");
    name_context(context, message, id);
    say_take(context, due_ms, message);
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
    name_context(context, message, context->id);
    unsigned speedup = context->socket->world->options->pace.speedup;
    uint64_t due_ms = speaking->begin_ms + piece->start_ms / (speedup ? speedup : 1);
    say_stray(context, due_ms, "never-opened");
    say_take(context, due_ms, message);
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
    if (speech_render(&socket->options, world->options->voice, &world->known_speech, text,
            context->speed, on_piece, &(struct speaking){context, begin_ms}, &audio_ms))
        log_error("sandbox.tts.render", "context=%s", context->id);
    unsigned speedup = world->options->pace.speedup;
    context->spoken_until_ms = begin_ms + audio_ms / (speedup ? speedup : 1);
    ledger_count(&world->ledger, TALLY_TTS_CHARACTERS, (int)text.len);
    ledger_note_take(&world->ledger, LEDGER_SPOKEN,
        json_pack("{s:s s:s% s:i}", "context_id", context->id, "text", text.data, text.len,
            "audio_ms", (int)audio_ms));
}

void speech_context_speak(struct speech_context *context, bool is_flushed)
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

void speech_context_close(struct speech_context *context, bool wants_final)
{
    context->state = CONTEXT_CLOSED;
    if (wants_final) {
        json_t *message = json_pack("{s:n s:b s:n s:n}", "audio", final_key(context), 1,
            "normalizedAlignment", "alignment");
        name_context(context, message, context->id);
        uint64_t now_ms = clock_ms();
        uint64_t due_ms = context->spoken_until_ms > now_ms ? context->spoken_until_ms : now_ms;
        say_take(context, due_ms, message);
        say_stray(context, due_ms, context->id);
    }
    if (paced_finish(&context->paced))
        speech_context_destroy(context);
}
