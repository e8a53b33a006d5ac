#include "live/wishes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held for a look */
static struct wishes *known;                             /* by tenant */
static size_t known_count;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct wishes *)a)->tenant_id, ((const struct wishes *)b)->tenant_id);
}

static void replace(struct wishes *list, size_t count)
{
    pthread_mutex_lock(&lock);
    struct wishes *old = known;
    known = list;
    known_count = count;
    pthread_mutex_unlock(&lock);
    free(old);
}

enum wish_record wish_record_of(struct slice word)
{
    static const char *const words[] = {[WISH_RECORD_NEVER] = "never",
        [WISH_RECORD_WITH_CONSENT] = "with_consent",
        [WISH_RECORD_ALWAYS] = "always"};
    for (size_t i = WISH_RECORD_NEVER; i < sizeof words / sizeof *words; i++)
        if (slice_is(word, words[i]))
            return (enum wish_record)i;
    return WISH_RECORD_UNSAID;
}

void wishes_publish(const struct wishes *list, size_t count)
{
    struct wishes *copy = calloc(count ? count : 1, sizeof *copy);
    if (!copy)
        return;
    if (count)
        memcpy(copy, list, count * sizeof *copy);
    qsort(copy, count, sizeof *copy, compare);
    replace(copy, count);
}

void wishes_clear(void)
{
    replace(NULL, 0);
}

struct wishes wishes_of(const char *tenant_id)
{
    struct wishes wishes = {0};
    slice_copy(slice_from(tenant_id), wishes.tenant_id, sizeof wishes.tenant_id);
    pthread_mutex_lock(&lock);
    const struct wishes *found =
        known_count ? bsearch(&wishes, known, known_count, sizeof *known, compare) : NULL;
    if (found)
        wishes = *found;
    pthread_mutex_unlock(&lock);
    return wishes;
}
