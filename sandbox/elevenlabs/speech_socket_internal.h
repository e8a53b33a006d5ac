/* A speech WebSocket from the inside: speech_socket.c is the socket and its messages, speech_context.c the
   contexts and what they say. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "elevenlabs/speech_buffer.h"
#include "elevenlabs/speech_input.h"
#include "elevenlabs/speech_options.h"
#include "intake.h"
#include "world.h"

/* OPEN takes text; CLOSED only sends what was spoken before it was closed. */
enum context_state { CONTEXT_OPEN, CONTEXT_CLOSED };

struct speech_context {
    struct speech_context *next;
    struct speech_socket *socket;
    char id[128];
    enum context_state state;
    bool was_flushed;
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
    struct intake intake;
    struct net_timer *idle;
    struct speech_options options;
    bool is_multi;
    bool is_closing; /* nothing more is said or listened to */
    struct speech_context *contexts;
    uint64_t last_message_ms;
};

/* ---- the socket ---- */

/* An error as a text frame, then the close with 1008; nothing more is said or listened to. */
void speech_socket_fail(struct speech_socket *socket, const struct api_error *error);
void speech_socket_fail_with(struct speech_socket *socket, const char *code, const char *message);
void speech_socket_close(struct speech_socket *socket, int code, const char *why);
void speech_socket_cut(
    struct speech_socket *socket); /* by a fault; the socket may be gone after it */

/* ---- contexts ---- */

struct speech_context *speech_context_find(struct speech_socket *socket, const char *id); /* open */
/* NULL: the socket failed. */
struct speech_context *speech_context_open(
    struct speech_socket *socket, const char *id, const struct speech_input *first);
/* Speaks what the schedule or a flush makes due. */
void speech_context_speak(struct speech_context *context, bool is_flushed);
/* No more text: what was not spoken is lost, isFinal follows the audio if wanted. The context goes once
   everything was sent. */
void speech_context_close(struct speech_context *context, bool wants_final);
void speech_context_destroy(struct speech_context *context);
