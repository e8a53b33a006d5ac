#include <string.h>

#include "media/g711.h"
#include "media/resample.h"
#include "providers/openai_realtime_internal.h"

#define SILENCE_MORE_MS 200 /* than the service's voice detection needs */
#define PCM_BATCH_SAMPLES (AUDIO_BATCH_BYTES * 3 + 16)
#define ULAW_SILENCE 0xff

static bool send_append(struct stt *stt, const uint8_t *ulaw, size_t len)
{
    int16_t narrow[AUDIO_BATCH_BYTES];
    int16_t wide[PCM_BATCH_SAMPLES];
    if (stt->resample) {
        g711_to_pcm(narrow, ulaw, len);
        size_t count = resample_run(stt->resample, wide, PCM_BATCH_SAMPLES, narrow, len);
        realtime_append(&stt->message, wide, count * sizeof(*wide));
    } else {
        realtime_append(&stt->message, ulaw, len);
    }
    return realtime_link_send(stt->link, &stt->message);
}

/* Appends what waits before `end`; whole batches only, unless `is_flush`. */
static bool send_audio(struct stt *stt, uint64_t end, bool is_flush)
{
    uint8_t batch[AUDIO_BATCH_BYTES];
    size_t len;
    while (is_flush || end >= stt->audio.sent + AUDIO_BATCH_BYTES) {
        len = realtime_audio_take(&stt->audio, end, batch);
        if (!len)
            break;
        stt->link->uncommitted_len += len;
        if (!send_append(stt, batch, len))
            return false;
    }
    return true;
}

/* So much that the service's own voice detection sees the end. */
static bool send_silence(struct stt *stt)
{
    uint8_t batch[AUDIO_BATCH_BYTES];
    size_t left = (size_t)(stt->link->silence_ms + SILENCE_MORE_MS) * AUDIO_BYTES_PER_MS;
    memset(batch, ULAW_SILENCE, sizeof(batch));
    while (left) {
        size_t len = left < sizeof(batch) ? left : sizeof(batch);
        if (!send_append(stt, batch, len))
            return false;
        left -= len;
    }
    return true;
}

/* A service that is in the middle of an item of its own ends it when it hears nothing more; to a commit as well it would
   answer with a second item, of silence, and make words of that. */
static bool send_end(struct stt *stt, const struct item *item)
{
    if (stt->link->is_detecting && stt->link->is_hearing)
        return send_silence(stt);
    realtime_commit(&stt->message, item->number);
    return realtime_link_send(stt->link, &stt->message);
}

static bool send_item(struct stt *stt, struct item *item)
{
    realtime_audio_skip_to(&stt->audio, item->start);
    if (!send_audio(stt, item->end, true))
        return false;
    bool is_told = !stt->link->is_hearing && stt->link->part_of == item->number;
    if (stt->link->uncommitted_len < AUDIO_BATCH_BYTES || is_told) {
        /* too old to be kept, and none of it was sent; or the service ended all of it by itself */
        items_set_over(&stt->items, item, SLICE(""));
        return true;
    }
    if (!send_end(stt, item))
        return false;
    stt->link->uncommitted_len = 0;
    item->state = ITEM_SENT;
    item->sent_ms = net_loop_now_ms(stt->loop);
    return true;
}

void realtime_pump(struct stt *stt)
{
    struct item *item;
    if (realtime_is_over(stt) || !realtime_is_ready(stt->link))
        return;
    while ((item = items_next_waiting(&stt->items))) {
        if (!send_item(stt, item))
            return;
    }
    realtime_audio_skip_to(&stt->audio, stt->commit_end);
    (void)send_audio(stt, stt->audio.written, false);
}
