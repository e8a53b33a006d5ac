#include "base/mailbox.h"

#include <assert.h>

void mailbox_init(struct mailbox *box, size_t capacity, void (*wake)(void *owner), void *owner)
{
    *box = (struct mailbox){.capacity = capacity, .wake = wake, .owner = owner};
    int failed = pthread_mutex_init(&box->lock, NULL);
    assert(!failed);
    (void)failed;
}

void mailbox_destroy(struct mailbox *box)
{
    assert(box->count == 0);
    pthread_mutex_destroy(&box->lock);
}

static enum err put(struct mailbox *box, struct letter *letter, bool is_forced)
{
    letter->next = NULL;
    pthread_mutex_lock(&box->lock);
    if (box->count >= box->capacity && !is_forced) {
        pthread_mutex_unlock(&box->lock);
        return ERR_FULL;
    }
    if (box->last)
        box->last->next = letter;
    else
        box->first = letter;
    box->last = letter;
    bool was_empty = box->count++ == 0;
    pthread_mutex_unlock(&box->lock);
    if (was_empty && box->wake)
        box->wake(box->owner);
    return ERR_OK;
}

enum err mailbox_put(struct mailbox *box, struct letter *letter)
{
    return put(box, letter, false);
}

void mailbox_force(struct mailbox *box, struct letter *letter)
{
    enum err err = put(box, letter, true);
    assert(err == ERR_OK);
    (void)err;
}

struct letter *mailbox_take_all(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    struct letter *all = box->first;
    box->first = box->last = NULL;
    box->count = 0;
    pthread_mutex_unlock(&box->lock);
    return all;
}

size_t mailbox_count(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    size_t count = box->count;
    pthread_mutex_unlock(&box->lock);
    return count;
}
