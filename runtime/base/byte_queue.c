#include "base/byte_queue.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 1000 /* with its link a size that malloc has ready after a while */

struct byte_block {
    struct byte_block *next;
    unsigned char bytes[BLOCK_BYTES];
};

static void free_chain(struct byte_block *block)
{
    while (block) {
        struct byte_block *next = block->next;
        free(block);
        block = next;
    }
}

/* Room behind the bytes in the last block. */
static size_t room(const struct byte_queue *queue)
{
    size_t end = (queue->start + queue->len) % BLOCK_BYTES;
    return queue->last && end ? BLOCK_BYTES - end : 0;
}

/* Blocks for `len` more bytes, not yet in line; false: no memory. */
static bool make_blocks(struct byte_block **out, size_t len)
{
    *out = NULL;
    for (size_t have = 0; have < len; have += BLOCK_BYTES) {
        struct byte_block *block = malloc(sizeof *block);
        if (!block) {
            free_chain(*out);
            return false;
        }
        block->next = *out;
        *out = block;
    }
    return true;
}

static size_t fill(struct byte_queue *queue, const unsigned char *data, size_t len)
{
    size_t at = (queue->start + queue->len) % BLOCK_BYTES;
    size_t count = len < BLOCK_BYTES - at ? len : BLOCK_BYTES - at;
    memcpy(queue->last->bytes + at, data, count);
    queue->len += count;
    return count;
}

enum err byte_queue_add(struct byte_queue *queue, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    size_t old = room(queue) < len ? room(queue) : len;
    struct byte_block *fresh;
    if (!make_blocks(&fresh, len - old))
        return ERR_NOMEM;
    if (old)
        bytes += fill(queue, bytes, old);
    for (len -= old; len;) {
        struct byte_block *block = fresh;
        fresh = block->next;
        block->next = NULL;
        if (queue->last)
            queue->last->next = block;
        else
            queue->first = block;
        queue->last = block;
        size_t count = fill(queue, bytes, len);
        bytes += count;
        len -= count;
    }
    return ERR_OK;
}

struct slice byte_queue_front(const struct byte_queue *queue)
{
    size_t piece = BLOCK_BYTES - queue->start;
    if (!queue->len)
        return (struct slice){"", 0};
    return (struct slice){
        (const char *)queue->first->bytes + queue->start, queue->len < piece ? queue->len : piece};
}

void byte_queue_copy(const struct byte_queue *queue, size_t at, void *out, size_t len)
{
    unsigned char *to = out;
    const struct byte_block *block = queue->first;
    assert(at <= queue->len && len <= queue->len - at);
    for (at += queue->start; at >= BLOCK_BYTES && len; at -= BLOCK_BYTES)
        block = block->next;
    for (; len; block = block->next, at = 0) {
        size_t count = len < BLOCK_BYTES - at ? len : BLOCK_BYTES - at;
        memcpy(to, block->bytes + at, count);
        to += count;
        len -= count;
    }
}

void byte_queue_drop(struct byte_queue *queue, size_t len)
{
    if (len >= queue->len) {
        free_chain(queue->first);
        *queue = (struct byte_queue){0};
        return;
    }
    queue->start += len;
    queue->len -= len;
    while (queue->start >= BLOCK_BYTES) {
        struct byte_block *block = queue->first;
        queue->first = block->next;
        queue->start -= BLOCK_BYTES;
        free(block);
    }
}
