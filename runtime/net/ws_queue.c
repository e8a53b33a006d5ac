#include "net/ws_queue.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_BYTES 512u       /* least capacity: a media message of 20 ms and some */
#define KEEP_SLOT_BYTES 1024u /* larger ones are freed at once */
#define KEEP_SLOTS 4u         /* more wait only while a reply begins */

void ws_queue_init(struct ws_queue *queue, size_t max_bytes)
{
    *queue = (struct ws_queue){.max_bytes = max_bytes};
}

static void free_chain(struct ws_slot *slot)
{
    while (slot) {
        struct ws_slot *next = slot->next;
        free(slot);
        slot = next;
    }
}

void ws_queue_free(struct ws_queue *queue)
{
    free_chain(queue->first);
    free_chain(queue->spare);
    ws_queue_init(queue, queue->max_bytes);
}

unsigned char *ws_slot_text(struct ws_slot *slot)
{
    return slot->bytes + LWS_PRE;
}

static struct ws_slot *take_spare(struct ws_queue *queue, size_t len)
{
    for (struct ws_slot **link = &queue->spare; *link; link = &(*link)->next) {
        struct ws_slot *slot = *link;
        if (slot->capacity < len)
            continue;
        *link = slot->next;
        queue->spare_count--;
        return slot;
    }
    return NULL;
}

static struct ws_slot *take_slot(struct ws_queue *queue, size_t len)
{
    struct ws_slot *slot = take_spare(queue, len);
    if (slot)
        return slot;
    size_t capacity = len > SLOT_BYTES ? len : SLOT_BYTES;
    slot = malloc(sizeof *slot + LWS_PRE + capacity);
    if (slot)
        slot->capacity = capacity;
    return slot;
}

static void fill(struct ws_slot *slot, enum ws_opcode opcode, struct slice text)
{
    slot->next = NULL;
    slot->len = text.len;
    slot->sent = 0;
    slot->opcode = (unsigned char)opcode;
    slot->is_audio = false;
    if (text.len)
        memcpy(ws_slot_text(slot), text.data, text.len);
}

static void append(struct ws_queue *queue, struct ws_slot *slot)
{
    if (queue->last)
        queue->last->next = slot;
    else
        queue->first = slot;
    queue->last = slot;
    queue->bytes += slot->len;
    queue->audio_count += slot->is_audio;
}

enum err ws_queue_push(struct ws_queue *queue, struct slice text, bool is_audio)
{
    if (text.len > queue->max_bytes || queue->bytes > queue->max_bytes - text.len)
        return ERR_FULL;
    struct ws_slot *slot = take_slot(queue, text.len);
    if (!slot)
        return ERR_NOMEM;
    fill(slot, WS_TEXT, text);
    slot->is_audio = is_audio;
    append(queue, slot);
    return ERR_OK;
}

/* Takes the slot behind `before` (NULL: the first) out of the line. */
static struct ws_slot *unlink_slot(struct ws_queue *queue, struct ws_slot *before)
{
    struct ws_slot *slot = before ? before->next : queue->first;
    if (before)
        before->next = slot->next;
    else
        queue->first = slot->next;
    if (queue->last == slot)
        queue->last = before;
    queue->bytes -= slot->len;
    queue->audio_count -= slot->is_audio;
    return slot;
}

enum err ws_queue_push_control(struct ws_queue *queue, enum ws_opcode opcode, struct slice payload)
{
    struct ws_slot *slot = take_slot(queue, payload.len);
    if (!slot)
        return ERR_NOMEM;
    fill(slot, opcode, payload);
    for (struct ws_slot *at = queue->first, *before = NULL; at; before = at, at = at->next) {
        if (at->opcode != opcode || at->sent)
            continue;
        ws_queue_give_back(queue, unlink_slot(queue, before));
        break;
    }
    append(queue, slot);
    return ERR_OK;
}

struct slice ws_slot_frame(struct ws_slot *slot)
{
    unsigned char head[WS_HEAD_MAX_BYTES];
    size_t len = ws_frame_head(head, slot->opcode, slot->len, NULL);
    unsigned char *frame = ws_slot_text(slot) - len;
    memcpy(frame, head, len);
    return (struct slice){(const char *)frame, len + slot->len};
}

void ws_queue_sent(struct ws_queue *queue, size_t len)
{
    while (queue->first) {
        struct ws_slot *slot = queue->first;
        size_t left = ws_slot_frame(slot).len - slot->sent;
        if (len < left) {
            bool is_begun = slot->sent + len > 0;
            slot->sent += len;
            if (is_begun && slot->is_audio) {
                slot->is_audio = false; /* it does not wait any more */
                queue->audio_count--;
            }
            return;
        }
        len -= left;
        ws_queue_give_back(queue, unlink_slot(queue, NULL));
    }
}

struct ws_slot *ws_queue_pop(struct ws_queue *queue)
{
    return queue->first ? unlink_slot(queue, NULL) : NULL;
}

void ws_queue_give_back(struct ws_queue *queue, struct ws_slot *slot)
{
    if (slot->capacity > KEEP_SLOT_BYTES || queue->spare_count >= KEEP_SLOTS) {
        free(slot);
        return;
    }
    slot->next = queue->spare;
    queue->spare = slot;
    queue->spare_count++;
}

void ws_queue_clear(struct ws_queue *queue)
{
    struct ws_slot *begun = queue->first && queue->first->sent ? queue->first : NULL;
    while (begun ? begun->next : queue->first)
        ws_queue_give_back(queue, unlink_slot(queue, begun));
}

bool ws_queue_drop_audio(struct ws_queue *queue)
{
    struct ws_slot *before = NULL;
    for (struct ws_slot *slot = queue->first; slot; before = slot, slot = slot->next) {
        if (!slot->is_audio)
            continue;
        ws_queue_give_back(queue, unlink_slot(queue, before));
        return true;
    }
    return false;
}
