/* Messages that wait for the socket, oldest first, in slots that are used again: once warm, a message
   costs one copy and no allocation. Bounded in bytes; policy: refuse (push), or drop the oldest audio
   (ws_queue_drop_audio). Of a control frame at most one of its kind waits beyond the bound. What was sent
   in part stays whatever is dropped or cleared: the rest of it is owed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/ws_frames.h"

struct ws_slot {
    struct ws_slot *next;
    size_t len;
    size_t capacity;
    size_t sent;          /* of the frame, head included: our own sockets send in part */
    unsigned char opcode; /* enum ws_opcode */
    bool is_audio;
    unsigned char bytes[]; /* room for the frame's head, then the text */
};

struct ws_queue {
    struct ws_slot *first, *last;
    struct ws_slot *spare; /* empty slots */
    unsigned spare_count;
    unsigned audio_count; /* audio messages that wait */
    size_t bytes;         /* text that waits */
    size_t max_bytes;
};

void ws_queue_init(struct ws_queue *queue, size_t max_bytes);
void ws_queue_free(struct ws_queue *queue);
void ws_queue_clear(struct ws_queue *queue);
must_use enum err ws_queue_push(
    struct ws_queue *queue, struct slice text, bool is_audio); /* ERR_FULL, ERR_NOMEM */
/* `payload` of at most 125 bytes takes the place of a waiting frame of its kind. */
must_use enum err ws_queue_push_control(
    struct ws_queue *queue, enum ws_opcode opcode, struct slice payload); /* ERR_NOMEM */
struct ws_slot *ws_queue_pop(struct ws_queue *queue); /* NULL when empty; give it back */
void ws_queue_give_back(struct ws_queue *queue, struct ws_slot *slot);
bool ws_queue_drop_audio(struct ws_queue *queue); /* the oldest one; false when none waits */
unsigned char *ws_slot_text(struct ws_slot *slot);
struct slice ws_slot_frame(struct ws_slot *slot); /* head (a server's) and text in one piece */
void ws_queue_sent(struct ws_queue *queue, size_t len); /* so much of the frames in line is out */
