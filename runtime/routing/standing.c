#include "routing/standing.h"

#include <pthread.h>
#include <string.h>

#include "base/slice.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct standing all[STANDINGS_MAX];
static size_t count; /* under the lock, and so are slots and names that are not handed out yet */

static struct standing *find(enum provider_slot slot, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].slot == slot && strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static struct standing *add(enum provider_slot slot, const char *name)
{
    if (count == STANDINGS_MAX)
        return NULL;
    all[count].slot = slot;
    slice_copy(slice_from(name), all[count].name, sizeof all[count].name);
    return &all[count++];
}

struct standing *standing_of(enum provider_slot slot, const char *name)
{
    pthread_mutex_lock(&lock);
    struct standing *standing = find(slot, name);
    if (!standing)
        standing = add(slot, name);
    pthread_mutex_unlock(&lock);
    return standing;
}

const struct standing *standing_find(enum provider_slot slot, const char *name)
{
    pthread_mutex_lock(&lock);
    const struct standing *standing = find(slot, name);
    pthread_mutex_unlock(&lock);
    return standing;
}
