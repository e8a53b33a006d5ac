/* How threads meet: a bounded queue of letters from any thread to one. A full mailbox refuses (the
   sender counts it); a put into an empty one calls `wake` once, outside the lock.
   The letter is embedded as the first member of what is sent; ownership moves with it. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct letter {
    struct letter *next;
};

struct mailbox {
    pthread_mutex_t lock;
    struct letter *first;
    struct letter *last;
    size_t count;
    size_t capacity;
    void (*wake)(void *owner); /* may be NULL; called by the sending thread */
    void *owner;
};

void mailbox_init(struct mailbox *box, size_t capacity, void (*wake)(void *owner), void *owner);
void mailbox_destroy(struct mailbox *box); /* must be empty */
must_use enum err mailbox_put(
    struct mailbox *box, struct letter *letter); /* ERR_FULL: still yours */
/* Past the capacity: for letters whose number has a bound of its own. */
void mailbox_force(struct mailbox *box, struct letter *letter);
/* Takes everything that waits, oldest first, as a chain by `next`; NULL when empty. */
struct letter *mailbox_take_all(struct mailbox *box);
size_t mailbox_count(struct mailbox *box);
