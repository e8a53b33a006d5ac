/* Once a call, not once a frame, so one lock around a hash map is enough. */
#define HASH_NONFATAL_OOM 1

#include "telephony/call_ends.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#include "telephony/stream_token.h"

#define ENDS_MAX 16384

struct call_end {
    UT_hash_handle hh; /* in the order of ending */
    char call_sid[40];
    unsigned attempt; /* the newest that ended so */
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

static void add(struct slice call_sid, unsigned attempt)
{
    struct call_end *end = calloc(1, sizeof *end);
    if (!end || !slice_copy(call_sid, end->call_sid, sizeof end->call_sid)) {
        free(end);
        return;
    }
    end->attempt = attempt;
    HASH_ADD(hh, ends.first, call_sid, call_sid.len, end);
    if (!end->hh.tbl) /* uthash found no memory */
        free(end);
}

void call_ends_note(struct slice call_sid, unsigned attempt)
{
    pthread_mutex_lock(&ends.lock);
    struct call_end *end = call_sid.len ? find(call_sid) : NULL;
    if (end && end->attempt < attempt)
        end->attempt = attempt;
    if (call_sid.len && !end) {
        if (HASH_COUNT(ends.first) >= ENDS_MAX)
            forget(ends.first);
        add(call_sid, attempt);
    }
    pthread_mutex_unlock(&ends.lock);
}

bool call_ends_has(struct slice call_sid, unsigned attempt)
{
    pthread_mutex_lock(&ends.lock);
    const struct call_end *end = call_sid.len ? find(call_sid) : NULL;
    bool is_known =
        end && stream_attempt_transfers(end->attempt) >= stream_attempt_transfers(attempt);
    pthread_mutex_unlock(&ends.lock);
    return is_known;
}
