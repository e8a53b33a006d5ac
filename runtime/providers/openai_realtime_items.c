#include "providers/openai_realtime_items.h"

#include <string.h>

void items_free(struct items *items)
{
    while (items->count)
        items_remove(items, &items->open[0]);
}

void items_remove(struct items *items, struct item *item)
{
    size_t at = (size_t)(item - items->open);
    strbuf_free(&item->text);
    items->count--;
    memmove(item, item + 1, (items->count - at) * sizeof(*item));
}

static struct item *add(struct items *items, uint32_t number)
{
    if (items->count == ITEMS_OPEN)
        return NULL;
    struct item *item = &items->open[items->count++];
    *item = (struct item){.number = number, .state = ITEM_SPOKEN};
    strbuf_init(&item->text, ITEM_MOST_TEXT_BYTES);
    return item;
}

/* The one being spoken is the last, when it is known at all. */
static struct item *spoken(struct items *items)
{
    struct item *last = items->count ? &items->open[items->count - 1] : NULL;
    return last && last->state == ITEM_SPOKEN ? last : NULL;
}

uint32_t items_end(struct items *items, uint64_t start, uint64_t end)
{
    struct item *item = spoken(items);
    if (!item)
        item = add(items, items->last_commit + 1);
    if (!item)
        return 0;
    item->state = ITEM_WAITING;
    item->start = start;
    item->end = end;
    items->last_commit = item->number;
    return item->number;
}

static struct item *first_in(struct items *items, enum item_state state)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].state == state)
            return &items->open[i];
    }
    return NULL;
}

struct item *items_next_waiting(struct items *items)
{
    return first_in(items, ITEM_WAITING);
}

static struct item *find(struct items *items, struct slice id)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].id[0] && slice_is(id, items->open[i].id))
            return &items->open[i];
    }
    return NULL;
}

static bool is_usable(struct slice id)
{
    return id.len && id.len < ITEM_ID_SIZE && !memchr(id.data, 0, id.len);
}

/* Gives the id to an item that has none yet; an item keeps the id its early text came with. */
static struct item *bind(struct item *item, struct slice id)
{
    if (item)
        (void)slice_copy(id, item->id, sizeof(item->id));
    return item;
}

struct item *items_confirm(struct items *items, struct slice id)
{
    struct item *item = find(items, id);
    if (item && item->state != ITEM_SENT)
        return NULL;
    if (!item && is_usable(id))
        item = bind(first_in(items, ITEM_SENT), id);
    if (item)
        item->state = ITEM_COMMITTED;
    return item;
}

/* The oldest sent one that the service has not named. */
static struct item *first_unnamed(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].state == ITEM_SENT && !items->open[i].id[0])
            return &items->open[i];
    }
    return NULL;
}

struct item *items_for_delta(struct items *items, struct slice id)
{
    struct item *item = find(items, id);
    if (item || !is_usable(id))
        return item;
    item = first_unnamed(items);
    if (!item && !spoken(items) && !items_next_waiting(items))
        item = add(items, items->last_commit + 1);
    return bind(item, id);
}

struct item *items_for_end(struct items *items, struct slice id)
{
    struct item *item = find(items, id);
    if (!item && is_usable(id))
        item = bind(first_unnamed(items), id);
    return item && (item->state == ITEM_SENT || item->state == ITEM_COMMITTED) ? item : NULL;
}

struct item *items_refused(struct items *items, uint32_t number)
{
    if (!number)
        return first_in(items, ITEM_SENT);
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].number == number && items->open[i].state == ITEM_SENT)
            return &items->open[i];
    }
    return NULL;
}

void items_disconnect(struct items *items)
{
    struct item *early = spoken(items);
    if (early)
        items_remove(items, early);
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->open[i];
        item->state = ITEM_WAITING;
        item->id[0] = 0;
        strbuf_clear(&item->text);
    }
}

uint64_t items_oldest_sent_ms(const struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].state == ITEM_SENT || items->open[i].state == ITEM_COMMITTED)
            return items->open[i].sent_ms;
    }
    return 0;
}
