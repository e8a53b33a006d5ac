#include "routing/unheard.h"

#include <stdlib.h>
#include <string.h>

static uint64_t oldest(const struct unheard *unheard)
{
    return unheard->written - unheard->kept.len;
}

void unheard_free(struct unheard *unheard)
{
    byte_queue_drop(&unheard->kept, unheard->kept.len);
    for (size_t i = 0; i < unheard->count; i++)
        free(unheard->items[i].final);
    unheard->count = 0;
}

/* Without memory for it, what was kept is forgotten with it: the words have a gap, positions stay true. */
void unheard_put(struct unheard *unheard, const uint8_t ulaw[FRAME_BYTES])
{
    if (unheard->kept.len + FRAME_BYTES > UNHEARD_KEPT_BYTES)
        byte_queue_drop(&unheard->kept, FRAME_BYTES);
    if (byte_queue_add(&unheard->kept, ulaw, FRAME_BYTES) != ERR_OK)
        byte_queue_drop(&unheard->kept, unheard->kept.len);
    unheard->written += FRAME_BYTES;
}

uint32_t unheard_commit(struct unheard *unheard)
{
    bool is_short = unheard->written - unheard->commit_end < UNHEARD_LEAST_BYTES;
    if (is_short || unheard->count == UNHEARD_ITEMS)
        return 0;
    unheard->items[unheard->count++] = (struct unheard_item){.number = ++unheard->newest,
        .start = unheard->commit_end,
        .end = unheard->written,
        .shown = unheard->shown};
    unheard->commit_end = unheard->written;
    unheard->shown = (struct unheard_shown){0};
    return unheard->newest;
}

static uint64_t needed_from(const struct unheard *unheard)
{
    for (size_t i = 0; i < unheard->count; i++)
        if (!unheard->items[i].is_over)
            return unheard->items[i].start;
    return unheard->commit_end;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool unheard_show(struct unheard_shown *shown, size_t len)
{
    if (len < shown->least_len)
        return false;
    *shown = (struct unheard_shown){.len = len};
    return true;
}

void unheard_rewind(struct unheard *unheard)
{
    for (size_t i = 0; i < unheard->count; i++) {
        unheard->items[i].inner = 0;
        unheard->items[i].shown.least_len = unheard->items[i].shown.len;
    }
    unheard->shown.least_len = unheard->shown.len;
    unheard->given = unheard->begun_at = later(needed_from(unheard), oldest(unheard));
}

bool unheard_next_frame(struct unheard *unheard, uint64_t end, uint8_t out[FRAME_BYTES])
{
    unheard->given = later(unheard->given, oldest(unheard));
    if (unheard->given >= end)
        return false;
    byte_queue_copy(&unheard->kept, (size_t)(unheard->given - oldest(unheard)), out, FRAME_BYTES);
    unheard->given += FRAME_BYTES;
    return true;
}

struct unheard_item *unheard_next_item(struct unheard *unheard)
{
    for (size_t i = 0; i < unheard->count; i++)
        if (!unheard->items[i].inner && !unheard->items[i].is_over)
            return &unheard->items[i];
    return NULL;
}

struct unheard_item *unheard_owed(struct unheard *unheard)
{
    for (size_t i = 0; i < unheard->count; i++)
        if (unheard->items[i].inner && !unheard->items[i].is_over)
            return &unheard->items[i];
    return NULL;
}

struct unheard_item *unheard_find(struct unheard *unheard, uint32_t inner)
{
    for (size_t i = 0; i < unheard->count; i++)
        if (unheard->items[i].inner == inner && !unheard->items[i].is_over)
            return &unheard->items[i];
    return NULL;
}

struct unheard_item *unheard_over(struct unheard *unheard)
{
    for (size_t i = 0; i < unheard->count; i++)
        if (unheard->items[i].is_over)
            return &unheard->items[i];
    return NULL;
}

void unheard_remove(struct unheard *unheard, struct unheard_item *item)
{
    size_t index = (size_t)(item - unheard->items);
    free(item->final);
    memmove(item, item + 1, (unheard->count - index - 1) * sizeof *item);
    unheard->count--;
    uint64_t from = oldest(unheard), needed = needed_from(unheard);
    if (needed > from)
        byte_queue_drop(&unheard->kept, (size_t)(needed - from));
}
