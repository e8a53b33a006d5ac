/* Once a call, not once a frame, so one lock around a hash map is enough. */
#define HASH_NONFATAL_OOM 1

#include "telephony/call_ends.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#define ENDS_MAX 16384

struct call_end {
    UT_hash_handle hh; /* in the order of ending */
    char call_sid[40];
};

static struct {
    pthread_mutex_t lock;
    struct call_end *first;
} ends = {PTHREAD_MUTEX_INITIALIZER, NULL};

static struct call_end *find(struct slice call_sid)
{
    struct call_end *end;
    HASH_FIND(hh, ends.first, call_sid.data, call_sid.len, end);
    return end;
}

static void forget(struct call_end *end)
{
    HASH_DEL(ends.first, end);
    free(end);
}

static void add(struct slice call_sid)
{
    struct call_end *end = calloc(1, sizeof *end);
    if (!end || !slice_copy(call_sid, end->call_sid, sizeof end->call_sid)) {
        free(end);
        return;
    }
    HASH_ADD(hh, ends.first, call_sid, call_sid.len, end);
    if (!end->hh.tbl) /* uthash found no memory */
        free(end);
}

void call_ends_note(struct slice call_sid)
{
    pthread_mutex_lock(&ends.lock);
    if (call_sid.len && !find(call_sid)) {
        if (HASH_COUNT(ends.first) >= ENDS_MAX)
            forget(ends.first);
        add(call_sid);
    }
    pthread_mutex_unlock(&ends.lock);
}

bool call_ends_has(struct slice call_sid)
{
    pthread_mutex_lock(&ends.lock);
    bool is_known = call_sid.len && find(call_sid);
    pthread_mutex_unlock(&ends.lock);
    return is_known;
}
