/* Lines are the service's events; a line "!" is a commit of ours, "?" a lost connection. Numbers are
   given out in order, no event finds an item that is not open, every utterance that ended is given out once, and no
   position is needed that lies behind what was written. */
#include <stdint.h>
#include <stdlib.h>

#include "providers/openai_realtime_codec.h"
#include "providers/openai_realtime_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPOKEN_BYTES 800

struct story {
    struct items items;
    uint64_t written;
    uint64_t commit_end;
    uint32_t given; /* how many utterances were given out */
};

static void commit(struct story *story)
{
    uint32_t expected = story->items.last_commit + 1;
    struct item *item;
    story->written += SPOKEN_BYTES;
    item = items_end(&story->items, story->commit_end, story->written);
    if (!item)
        return;
    if (item->number != expected)
        abort();
    story->commit_end = story->written;
    while ((item = items_next_waiting(&story->items)))
        item->state = ITEM_SENT;
}

static void check(const struct story *story)
{
    const struct items *items = &story->items;
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->open[i];
        if (i && item->number < items->open[i - 1].number)
            abort();
        if (item->number > items->last_commit + 1 || item->start > story->written)
            abort();
    }
    if (items_needed_from(items, story->commit_end) > story->written)
        abort();
}

static void give_finished(struct story *story)
{
    struct item *item;
    while ((item = items_finished(&story->items))) {
        struct strbuf text;
        strbuf_init(&text, ITEM_MOST_TEXT_BYTES * ITEMS_OPEN);
        items_text(&story->items, item->number, &text);
        items_remove(&story->items, item->number);
        strbuf_free(&text);
        if (++story->given > story->items.last_commit)
            abort();
    }
}

static struct item *ended_by(struct items *items, const struct realtime_event *event)
{
    if (event->kind == REALTIME_COMPLETED || event->kind == REALTIME_FAILED)
        return items_for_end(items, event->item_id);
    return event->kind == REALTIME_ERROR ? items_refused(items, event->commit) : NULL;
}

static void take(struct story *story, struct slice line)
{
    struct realtime_event event;
    struct item *item;
    if (realtime_decode(&event, line))
        return;
    if (event.kind == REALTIME_SPEECH_STARTED)
        story->written += SPOKEN_BYTES;
    if (event.kind == REALTIME_COMMITTED && !items_confirm(&story->items, event.item_id))
        (void)items_add_part(&story->items, event.item_id, story->written == story->commit_end,
            story->commit_end, story->written);
    if (event.kind == REALTIME_DELTA && (item = items_for_delta(&story->items, event.item_id)))
        strbuf_add_slice(&item->text, event.text);
    if ((item = ended_by(&story->items, &event)))
        items_set_over(&story->items, item, event.text);
    realtime_event_free(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct story story = {0};
    struct slice rest = {(const char *)data, size};
    while (rest.len) {
        struct slice line = slice_split(&rest, '\n');
        if (slice_is(line, "!"))
            commit(&story);
        else if (slice_is(line, "?"))
            items_disconnect(&story.items);
        else
            take(&story, line);
        check(&story);
        give_finished(&story);
    }
    items_free(&story.items);
    return 0;
}
