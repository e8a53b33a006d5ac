#include "observe/log.h"
#include "providers/openai_realtime_internal.h"

#define PART_OVERLAP_MS 200 /* a part ended at least so long before we hear of it */

static void take_delta(struct stt *stt, const struct realtime_event *event)
{
    struct item *item = items_for_delta(&stt->items, event->item_id);
    if (!item || !event->text.len)
        return;
    if (event->kind == REALTIME_GUESS)
        strbuf_clear(&item->text);
    strbuf_add_slice(&item->text, event->text);
    realtime_tell_partial(stt, item->number);
}

static bool is_refused_commit(const struct stt *stt, const struct realtime_event *event)
{
    bool is_nameless = stt->terms.settings.is_beta && !event->has_code;
    return event->commit || event->severity == REALTIME_EMPTY || is_nameless;
}

static void take_error(struct stt *stt, const struct realtime_event *event)
{
    log_warn("stt.error", "code=%s", event->code);
    struct item *item =
        is_refused_commit(stt, event) ? items_refused(&stt->items, event->commit) : NULL;
    if (item)
        items_set_over(&stt->items, item, SLICE(""));
}

/* "committed" without a commit of ours: the service listens for the end of speech by itself. */
static void take_foreign(struct stt *stt, struct realtime_link *link, struct slice id)
{
    uint64_t overlap = (uint64_t)PART_OVERLAP_MS * AUDIO_BYTES_PER_MS;
    uint64_t end = stt->audio.sent > overlap ? stt->audio.sent - overlap : 0;
    bool is_silent = !link->uncommitted_len;
    struct item *part = items_add_part(&stt->items, id, is_silent, stt->commit_end, end);
    link->is_detecting = true;
    link->uncommitted_len = 0;
    if (!part) {
        log_debug("stt.foreign_commit", "why=%s", "nothing of ours is open");
        return;
    }
    part->sent_ms = net_loop_now_ms(stt->loop);
    link->part_of = part->number;
}

static void take_committed(struct stt *stt, struct realtime_link *link, struct slice id)
{
    link->is_hearing = false;
    if (!items_confirm(&stt->items, id))
        take_foreign(stt, link, id);
}

static void take_end(struct stt *stt, const struct realtime_event *event)
{
    struct item *item = items_for_end(&stt->items, event->item_id);
    bool has_failed = event->kind == REALTIME_FAILED;
    if (!item)
        return;
    uint32_t number = item->number;
    bool is_part = item->is_part;
    if (has_failed)
        log_warn("stt.item_failed", "item=%u code=%s", number, event->code);
    items_set_over(&stt->items, item, has_failed ? SLICE("") : event->text);
    if (is_part && !items_finished(&stt->items))
        realtime_tell_partial(stt, number);
}

void realtime_take_event(
    struct stt *stt, struct realtime_link *link, const struct realtime_event *event)
{
    switch (event->kind) {
    case REALTIME_SPEECH_STARTED:
        link->is_detecting = link->is_hearing = true;
        return;
    case REALTIME_SPEECH_STOPPED:
        return;
    case REALTIME_COMMITTED:
        take_committed(stt, link, event->item_id);
        return;
    case REALTIME_DELTA:
    case REALTIME_GUESS:
        take_delta(stt, event);
        return;
    case REALTIME_COMPLETED:
    case REALTIME_FAILED:
        take_end(stt, event);
        return;
    case REALTIME_ERROR:
        take_error(stt, event);
        return;
    case REALTIME_CREATED:
    case REALTIME_UPDATED:
    case REALTIME_OTHER:
        return;
    }
}
