/* Bytes in the order they came, kept in blocks: what is taken from the front costs no move, and memory follows what is
   kept, not what was kept once. A zeroed queue is an empty one. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct byte_block;

struct byte_queue {
    struct byte_block *first, *last;
    size_t start; /* of the bytes, in the first block */
    size_t len;
};

/* ERR_NOMEM: nothing was added. Who adds keeps `len` within bounds. */
must_use enum err byte_queue_add(struct byte_queue *queue, const void *data, size_t len);
/* The oldest bytes that lie in one piece; empty only when the queue is. */
struct slice byte_queue_front(const struct byte_queue *queue);
/* Copies `len` bytes from `at` bytes behind the oldest; all of them must be there. */
void byte_queue_copy(const struct byte_queue *queue, size_t at, void *out, size_t len);
void byte_queue_drop(struct byte_queue *queue, size_t len); /* the oldest; all when there are fewer */
