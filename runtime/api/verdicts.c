/* Once a call, not once a frame, so one lock around a hash map is enough. */
#define HASH_NONFATAL_OOM 1

#include "api/verdicts.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#define VERDICTS_MAX 4096

struct verdict {
    UT_hash_handle hh; /* in the order of deciding */
    char call_sid[40];
    char *json;
};

static struct {
    pthread_mutex_t lock;
    struct verdict *first;
} verdicts = {PTHREAD_MUTEX_INITIALIZER, NULL};

static struct verdict *find(struct slice call_sid)
{
    struct verdict *verdict;
    HASH_FIND(hh, verdicts.first, call_sid.data, call_sid.len, verdict);
    return verdict;
}

static void forget(struct verdict *verdict)
{
    HASH_DEL(verdicts.first, verdict);
    free(verdict->json);
    free(verdict);
}

static void add(struct slice call_sid, const char *json)
{
    struct verdict *verdict = calloc(1, sizeof *verdict);
    if (!verdict)
        return;
    verdict->json = slice_dup(slice_from(json));
    bool is_whole = slice_copy(call_sid, verdict->call_sid, sizeof verdict->call_sid);
    if (is_whole && verdict->json)
        HASH_ADD(hh, verdicts.first, call_sid, call_sid.len, verdict);
    if (!verdict->hh.tbl) {
        free(verdict->json);
        free(verdict);
    }
}

static char *copy(struct slice call_sid)
{
    struct verdict *verdict = find(call_sid);
    return verdict ? slice_dup(slice_from(verdict->json)) : NULL;
}

char *verdicts_settle(struct slice call_sid, const char *json)
{
    pthread_mutex_lock(&verdicts.lock);
    if (!find(call_sid)) {
        if (HASH_COUNT(verdicts.first) >= VERDICTS_MAX)
            forget(verdicts.first);
        add(call_sid, json);
    }
    char *settled = copy(call_sid);
    pthread_mutex_unlock(&verdicts.lock);
    return settled ? settled : slice_dup(slice_from(json));
}

char *verdicts_find(struct slice call_sid)
{
    pthread_mutex_lock(&verdicts.lock);
    char *found = copy(call_sid);
    pthread_mutex_unlock(&verdicts.lock);
    return found;
}
