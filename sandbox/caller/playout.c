#include "caller/playout.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

void playout_init(struct playout *playout)
{
    memset(playout, 0, sizeof *playout);
}

void playout_free(struct playout *playout)
{
    free(playout->queue);
    playout->queue = NULL;
    playout->len = playout->capacity = 0;
}

static enum err make_room(struct playout *playout, size_t len)
{
    if (playout->len + len > PLAYOUT_QUEUE_MAX_BYTES)
        return ERR_FULL;
    if (playout->len + len <= playout->capacity)
        return ERR_OK;
    size_t capacity = 2 * (playout->len + len);
    uint8_t *queue = realloc(playout->queue, capacity);
    if (!queue)
        return ERR_NOMEM;
    playout->queue = queue;
    playout->capacity = capacity;
    return ERR_OK;
}

enum err playout_media(struct playout *playout, const uint8_t *ulaw, size_t len, bool *starts)
{
    *starts = len && playout->len == 0 && playout->playing == 0;
    enum err err = make_room(playout, len);
    if (err)
        return err;
    if (len)
        memcpy(playout->queue + playout->len, ulaw, len);
    playout->len += len;
    playout->received += len;
    playout->messages++;
    if (len == 0 || len % FRAME_BYTES)
        playout->odd_sizes++;
    if (playout->len > playout->most_queued)
        playout->most_queued = playout->len;
    return ERR_OK;
}

enum err playout_mark(struct playout *playout, const char *name)
{
    if (playout->mark_count == PLAYOUT_MARKS_MAX)
        return ERR_FULL;
    struct playout_mark *mark = &playout->marks[playout->mark_count++];
    slice_copy(slice_from(name), mark->name, sizeof mark->name);
    mark->position = playout->received;
    return ERR_OK;
}

size_t playout_clear(struct playout *playout)
{
    size_t dropped = playout->len;
    for (size_t i = 0; i < playout->mark_count; i++)
        playout->marks[i].position = 0;
    playout->done += dropped;
    playout->len = 0;
    playout->was_cleared = true;
    return dropped;
}

/* Whether the silence that ends now was a hole in what was being said. */
static void count_underrun(struct playout *playout)
{
    unsigned silent_ms = playout->dry_frames * FRAME_MS;
    bool is_hole = playout->has_played && !playout->was_cleared && silent_ms > 0 &&
                   silent_ms < PLAYOUT_UNDERRUN_MAX_MS;
    if (is_hole) {
        playout->underruns++;
        playout->underrun_ms += silent_ms;
    }
    playout->dry_frames = 0;
    playout->was_cleared = false;
    playout->has_played = true;
}

bool playout_tick(struct playout *playout, uint8_t out[FRAME_BYTES])
{
    playout->done += playout->playing;
    size_t len = playout->len < FRAME_BYTES ? playout->len : FRAME_BYTES;
    playout->playing = len;
    memset(out, ULAW_SILENCE, FRAME_BYTES);
    if (len == 0) {
        playout->dry_frames++;
        return false;
    }
    memcpy(out, playout->queue, len);
    memmove(playout->queue, playout->queue + len, playout->len - len);
    playout->len -= len;
    if (len < FRAME_BYTES)
        playout->cut_frames++;
    count_underrun(playout);
    return true;
}

bool playout_take_mark(struct playout *playout, char name[PLAYOUT_MARK_SIZE])
{
    if (playout->mark_count == 0 || playout->marks[0].position > playout->done)
        return false;
    memcpy(name, playout->marks[0].name, PLAYOUT_MARK_SIZE);
    playout->mark_count--;
    memmove(playout->marks, playout->marks + 1, playout->mark_count * sizeof playout->marks[0]);
    return true;
}
