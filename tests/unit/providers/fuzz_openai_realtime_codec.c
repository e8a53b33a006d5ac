/* Lines are the service's events; a line "!" is a commit of ours, "?" a lost connection. Numbers are
   given out in order, and no event finds an item that is not open. */
#include <stdint.h>
#include <stdlib.h>

#include "providers/openai_realtime_codec.h"
#include "providers/openai_realtime_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void commit(struct items *items)
{
    uint32_t expected = items->last_commit + 1;
    uint32_t number = items_end(items, 0, 800);
    struct item *item;
    if (number && number != expected)
        abort();
    while ((item = items_next_waiting(items)))
        item->state = ITEM_SENT;
}

static void check(const struct items *items)
{
    for (size_t i = 1; i < items->count; i++) {
        if (items->open[i].number <= items->open[i - 1].number)
            abort();
    }
}

static void take(struct items *items, struct slice line)
{
    struct realtime_event event;
    struct item *item = NULL;
    if (realtime_decode(&event, line))
        return;
    if (event.kind == REALTIME_COMMITTED)
        (void)items_confirm(items, event.item_id);
    if (event.kind == REALTIME_DELTA)
        item = items_for_delta(items, event.item_id);
    if (item)
        strbuf_add_slice(&item->text, event.text);
    if (event.kind == REALTIME_COMPLETED || event.kind == REALTIME_FAILED)
        item = items_for_end(items, event.item_id);
    if (event.kind == REALTIME_ERROR)
        item = items_refused(items, event.commit);
    if (item && event.kind != REALTIME_DELTA)
        items_remove(items, item);
    realtime_event_free(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct items items = {0};
    struct slice rest = {(const char *)data, size};
    while (rest.len) {
        struct slice line = slice_split(&rest, '\n');
        if (slice_is(line, "!"))
            commit(&items);
        else if (slice_is(line, "?"))
            items_disconnect(&items);
        else
            take(&items, line);
        check(&items);
    }
    items_free(&items);
    return 0;
}
