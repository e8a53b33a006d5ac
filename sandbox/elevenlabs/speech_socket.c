#include "elevenlabs/speech_socket.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "elevenlabs/speech_socket_internal.h"
#include "observe/log.h"

#define POLICY_CLOSE 1008
#define ONLY_CONTEXT "" /* the id of stream-input's one context, never said */

/* ---- life ---- */

static void drop_contexts(struct speech_socket *socket)
{
    while (socket->contexts)
        speech_context_destroy(socket->contexts);
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
    intake_close(&socket->intake);
    net_timer_destroy(socket->idle);
    free(socket);
}

void speech_socket_close(struct speech_socket *socket, int code, const char *why)
{
    if (socket->is_closing)
        return;
    socket->is_closing = true;
    net_timer_clear(socket->idle);
    ws_close(socket->ws, code, why);
}

void speech_socket_cut(struct speech_socket *socket)
{
    if (socket->gate.fault.close_code) {
        speech_socket_close(socket, socket->gate.fault.close_code, "fault");
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
    speech_socket_cut(owner);
}

static void on_socket_finish(void *owner)
{
    struct speech_socket *socket = owner;
    ws_close(socket->ws, POLICY_CLOSE, "policy");
}

static const struct paced_sink socket_sink = {
    .send = on_socket_send, .finish = on_socket_finish, .cut = on_socket_cut};

void speech_socket_fail(struct speech_socket *socket, const struct api_error *error)
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

void speech_socket_fail_with(struct speech_socket *socket, const char *code, const char *message)
{
    struct api_error error;
    api_error_set(&error, 400, code, NULL, "%s", message);
    speech_socket_fail(socket, &error);
}

/* ---- messages ---- */

static bool are_settings_fine(struct speech_context *context, const struct speech_input *input)
{
    if (!input->settings || (context->settings && json_equal(context->settings, input->settings)))
        return true;
    speech_socket_fail_with(context->socket, "invalid_message",
        "Settings may only be given in the first message of a context.");
    return false;
}

static void feed(struct speech_context *context, const struct speech_input *input)
{
    context->last_text_ms = clock_ms();
    if (input->has_text && !speech_buffer_add(&context->buffer, input->text)) {
        speech_socket_fail_with(context->socket, "max_character_limit_exceeded",
            "The text is longer than the model takes.");
        return;
    }
    if (input->flush)
        context->was_flushed = true;
    speech_context_speak(context, input->flush);
}

static bool is_blank(const struct speech_input *input)
{
    return !slice_trim(input->text).len;
}

static void on_multi(struct speech_socket *socket, const struct speech_input *input)
{
    if (input->close_socket) {
        speech_socket_close(socket, 1000, "done");
        return;
    }
    bool is_keepalive = !input->context_id && is_blank(input) && !input->flush &&
                        !input->close_context && !input->settings;
    if (is_keepalive)
        return;
    const char *id = input->context_id ? input->context_id : "default";
    struct speech_context *context = speech_context_find(socket, id);
    if (!context && input->close_context && is_blank(input))
        return;
    if (context && !are_settings_fine(context, input))
        return;
    if (!context)
        context = speech_context_open(socket, id, input);
    if (!context)
        return;
    feed(context, input);
    if (input->close_context && !socket->is_closing)
        speech_context_close(context, context->was_flushed);
}

static void on_single(struct speech_socket *socket, const struct speech_input *input)
{
    struct speech_context *context = socket->contexts;
    if (input->context_id || input->close_context || input->close_socket || !input->has_text) {
        speech_socket_fail_with(socket, "invalid_message", "Expected a message with text.");
        return;
    }
    if (!context) {
        if (!slice_is(input->text, " "))
            speech_socket_fail_with(
                socket, "invalid_message", "The first message must have a single space as text.");
        else
            context = speech_context_open(socket, ONLY_CONTEXT, input);
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
    speech_context_speak(context, true);
    speech_context_close(context, true);
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
            speech_context_close(context, false);
    }
}

static void on_idle(void *owner)
{
    struct speech_socket *socket = owner;
    uint64_t now_ms = clock_ms();
    if (!socket->is_multi || now_ms - socket->last_message_ms >= socket->options.inactivity_ms) {
        speech_socket_fail_with(socket, "input_timeout_exceeded",
            "No new text input arrived within the inactivity timeout.");
        return;
    }
    close_idle_contexts(socket, now_ms);
    net_timer_set(socket->idle, next_deadline(socket));
}

/* ---- the socket ---- */

static void on_message(void *owner, struct slice message)
{
    struct speech_socket *socket = owner;
    if (socket->is_closing)
        return;
    struct speech_input input;
    struct api_error error;
    json_t *json = json_loadb(message.data, message.len, 0, NULL);
    if (speech_input_read(&input, json, &error)) {
        speech_socket_fail(socket, &error);
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

static void on_text(void *owner, struct slice message)
{
    struct speech_socket *socket = owner;
    if (intake_take(&socket->intake, message))
        log_warn("sandbox.tts.overrun", "contexts=%d", socket->contexts != NULL);
}

static void on_bad(void *owner, const char *why)
{
    struct speech_socket *socket = owner;
    if (!socket->is_closing)
        speech_socket_fail_with(socket, "invalid_message", "A message was too large or binary.");
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
        intake_init(&socket->intake, world->loop, ws, &socket->gate, on_message, socket) ||
        net_timer_create(&socket->idle, world->loop, on_idle, socket)) {
        ws_close_now(ws);
        destroy(socket);
        return;
    }
    ws_set_listener(ws, &listener, socket);
    struct api_error error;
    if (fault.status)
        api_error_from_fault(&error, SERVICE_TTS, &fault);
    if (fault.status || speech_options_read(&socket->options, voice_id, query, true, &error))
        speech_socket_fail(socket, &error);
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
            speech_socket_cut(socket);
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
