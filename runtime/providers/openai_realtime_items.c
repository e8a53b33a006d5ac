#include "providers/openai_realtime_items.h"

#include <string.h>

/* --- the list --- */

static void drop(struct items *items, struct item *item)
{
    size_t at = (size_t)(item - items->open);
    strbuf_free(&item->text);
    items->count--;
    memmove(item, item + 1, (items->count - at) * sizeof(*item));
}

void items_free(struct items *items)
{
    while (items->count)
        drop(items, &items->open[items->count - 1]);
}

void items_remove(struct items *items, uint32_t number)
{
    for (size_t i = items->count; i-- > 0;) {
        if (items->open[i].number == number)
            drop(items, &items->open[i]);
    }
}

static struct item *insert(struct items *items, size_t at, uint32_t number, enum item_state state)
{
    if (items->count == ITEMS_OPEN)
        return NULL;
    struct item *item = &items->open[at];
    memmove(item + 1, item, (items->count - at) * sizeof(*item));
    items->count++;
    *item = (struct item){.number = number, .state = state};
    strbuf_init(&item->text, ITEM_MOST_TEXT_BYTES);
    return item;
}

static struct item *last(struct items *items)
{
    return items->count ? &items->open[items->count - 1] : NULL;
}

/* The one being spoken is the last, when it is known at all. */
static struct item *spoken(struct items *items)
{
    struct item *item = last(items);
    return item && item->state == ITEM_SPOKEN ? item : NULL;
}

static struct item *first_in(struct items *items, enum item_state state)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].state == state)
            return &items->open[i];
    }
    return NULL;
}

static uint64_t last_part_end(const struct items *items, uint32_t number, uint64_t start)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->open[i];
        if (item->is_part && item->number == number && item->end > start)
            start = item->end;
    }
    return start;
}

/* --- ids --- */

/* FNV-1a; 0 stands for no id. */
static uint64_t hash(struct slice id)
{
    uint64_t value = 0xcbf29ce484222325;
    for (size_t i = 0; i < id.len; i++)
        value = (value ^ (unsigned char)id.data[i]) * 0x100000001b3;
    return value ? value : 1;
}

static void remember_ended(struct items *items, const char *id)
{
    if (!*id)
        return;
    items->ended[items->ended_next] = hash(slice_from(id));
    items->ended_next = (items->ended_next + 1) % ITEMS_ENDED;
}

static bool has_ended(const struct items *items, struct slice id)
{
    uint64_t value = hash(id);
    for (size_t i = 0; i < ITEMS_ENDED; i++) {
        if (items->ended[i] == value)
            return true;
    }
    return false;
}

static struct item *find(struct items *items, struct slice id)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].id[0] && slice_is(id, items->open[i].id))
            return &items->open[i];
    }
    return NULL;
}

static bool is_usable(const struct items *items, struct slice id)
{
    return id.len && id.len < ITEM_ID_SIZE && !memchr(id.data, 0, id.len) && !has_ended(items, id);
}

/* Gives the id to an item that has none yet; an item keeps the id its early text came with. */
static struct item *bind(struct item *item, struct slice id)
{
    if (item)
        (void)slice_copy(id, item->id, sizeof(item->id));
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

/* --- commits --- */

struct item *items_end(struct items *items, uint64_t start, uint64_t end)
{
    struct item *item = spoken(items);
    if (!item)
        item = insert(items, items->count, items->last_commit + 1, ITEM_SPOKEN);
    if (!item)
        return NULL;
    item->state = ITEM_WAITING;
    item->start = last_part_end(items, item->number, start);
    item->end = end;
    items->last_commit = item->number;
    return item;
}

struct item *items_next_waiting(struct items *items)
{
    return first_in(items, ITEM_WAITING);
}

struct item *items_confirm(struct items *items, struct slice id)
{
    struct item *item = find(items, id);
    if (item && item->state != ITEM_SENT)
        return NULL;
    if (!item && is_usable(items, id))
        item = bind(first_in(items, ITEM_SENT), id);
    if (item)
        item->state = ITEM_COMMITTED;
    return item;
}

/* Behind the last commit, before what is being spoken. */
static struct item *insert_part(struct items *items, bool is_silent)
{
    struct item *current = spoken(items);
    size_t at = items->count - (current ? 1 : 0);
    if (!is_silent)
        return insert(items, at, items->last_commit + 1, ITEM_COMMITTED);
    bool is_open = at && items->open[at - 1].number == items->last_commit;
    return is_open ? insert(items, at, items->last_commit, ITEM_COMMITTED) : NULL;
}

struct item *items_add_part(
    struct items *items, struct slice id, bool is_silent, uint64_t start, uint64_t end)
{
    struct item *item = find(items, id);
    if (!item && !is_usable(items, id))
        return NULL;
    if (item && item->state != ITEM_SPOKEN)
        return NULL;
    start = last_part_end(items, items->last_commit + 1, start);
    if (!item)
        item = bind(insert_part(items, is_silent), id);
    if (!item)
        return NULL;
    item->state = ITEM_COMMITTED;
    item->is_part = true;
    item->start = start;
    item->end = end > start ? end : start;
    return item;
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

/* --- texts --- */

struct item *items_for_delta(struct items *items, struct slice id)
{
    struct item *item = find(items, id);
    if (item)
        return item->state == ITEM_OVER ? NULL : item;
    if (!is_usable(items, id))
        return NULL;
    item = first_unnamed(items);
    if (!item && !spoken(items) && !items_next_waiting(items))
        item = insert(items, items->count, items->last_commit + 1, ITEM_SPOKEN);
    return bind(item, id);
}

struct item *items_for_end(struct items *items, struct slice id)
{
    struct item *item = find(items, id);
    if (!item && is_usable(items, id))
        item = bind(first_unnamed(items), id);
    return item && (item->state == ITEM_SENT || item->state == ITEM_COMMITTED) ? item : NULL;
}

static void add_words(struct strbuf *out, struct slice text)
{
    text = slice_trim(text);
    if (out->len && text.len)
        strbuf_add_char(out, ' ');
    strbuf_add_slice(out, text);
}

void items_set_over(struct items *items, struct item *item, struct slice text)
{
    struct item *before = item > items->open ? item - 1 : NULL;
    remember_ended(items, item->id);
    item->state = ITEM_OVER;
    strbuf_clear(&item->text);
    strbuf_add_slice(&item->text, text);
    bool is_one = item->is_part && before && before->is_part && before->number == item->number &&
                  before->state == ITEM_OVER;
    if (!is_one)
        return;
    add_words(&before->text, strbuf_slice(&item->text));
    before->end = item->end;
    drop(items, item);
}

static bool is_all_over(const struct items *items, uint32_t number)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].number == number && items->open[i].state != ITEM_OVER)
            return false;
    }
    return true;
}

struct item *items_finished(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->open[i];
        if (!item->is_part && item->state == ITEM_OVER && is_all_over(items, item->number))
            return item;
    }
    return NULL;
}

static bool has_parts(const struct items *items, uint32_t number)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].is_part && items->open[i].number == number)
            return true;
    }
    return false;
}

void items_text(const struct items *items, uint32_t number, struct strbuf *out)
{
    bool is_joined = has_parts(items, number);
    for (size_t i = 0; i < items->count; i++) {
        struct slice text = strbuf_slice(&items->open[i].text);
        if (items->open[i].number != number)
            continue;
        if (is_joined)
            add_words(out, text);
        else
            strbuf_add_slice(out, text);
    }
}

/* --- the connection --- */

uint64_t items_oldest_sent_ms(const struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->open[i];
        bool is_awaited = item->state == ITEM_SENT || item->state == ITEM_COMMITTED;
        if (is_awaited && item->sent_ms)
            return item->sent_ms;
    }
    return 0;
}

uint64_t items_needed_from(const struct items *items, uint64_t spoken)
{
    uint64_t needed = last_part_end(items, items->last_commit + 1, spoken);
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->open[i];
        bool is_unsaid = item->state != ITEM_SPOKEN && item->state != ITEM_OVER;
        if (is_unsaid && item->start < needed)
            needed = item->start;
    }
    return needed;
}

/* A part without its text will be heard again with what follows it, which begins where it began. */
static void say_part_again(struct items *items, struct item *part)
{
    uint32_t number = part->number;
    uint64_t start = part->start;
    drop(items, part);
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->open[i];
        if (item->number != number || item->end <= start)
            continue;
        item->start = item->start < start ? item->start : start;
        if (item->state == ITEM_OVER)
            item->state = ITEM_COMMITTED;
    }
}

static struct item *first_unsaid_part(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i].is_part && items->open[i].state != ITEM_OVER)
            return &items->open[i];
    }
    return NULL;
}

void items_disconnect(struct items *items)
{
    struct item *item = spoken(items);
    memset(items->ended, 0, sizeof(items->ended));
    if (item)
        drop(items, item);
    while ((item = first_unsaid_part(items)))
        say_part_again(items, item);
    for (size_t i = 0; i < items->count; i++) {
        item = &items->open[i];
        if (item->state == ITEM_OVER)
            continue;
        item->state = ITEM_WAITING;
        item->id[0] = 0;
        strbuf_clear(&item->text);
    }
}
