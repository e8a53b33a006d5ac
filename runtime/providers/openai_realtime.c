/* A transcription session:

       frames ─► up to 5 s ─► 100 ms appends ───┐
       commit ─► items ────────► commits ───────┴─► link ─► events ─► items ─► partials, words, finals
                                                     ▲
                                     spare link ─────┘ before the session expires

   The audio kept and the open items outlive a connection: one that is lost is made again once, and what was
   not transcribed is sent again. A connection that then holds for STEADY_MS, or whose time was over, earns another try.
   What the service ends by itself is part of the utterance we have not ended yet. */
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/resample.h"
#include "observe/log.h"
#include "providers/openai_realtime_audio.h"
#include "providers/openai_realtime_items.h"
#include "providers/openai_realtime_link.h"
#include "providers/word_times.h"

#define STEADY_MS 10000
#define FINAL_WAIT_MS                                                                              \
    8000              /* a commit without its transcript for so long: the connection is broken */
#define RENEW_TRIES 3 /* of a spare link that does not come about */
#define PART_OVERLAP_MS 200 /* a part ended at least so long before we hear of it */
#define SILENCE_MORE_MS 200 /* than the service's voice detection needs */
#define MOST_WORDS 256
#define PCM_RATE_HZ 24000
#define PCM_BATCH_SAMPLES (AUDIO_BATCH_BYTES * 3 + 16)
#define ULAW_SILENCE 0xff

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer
        *timer; /* the oldest commit that waits for its text; renewal; finals that are due */
    struct realtime_terms terms;
    struct realtime_link *link;  /* NULL once failed */
    struct realtime_link *spare; /* will take over before the session expires; usually NULL */
    uint64_t renew_ms;           /* when a spare is to be opened; 0: never */
    bool was_ready;              /* on_ready was called */
    bool is_retry;               /* this connection replaces a lost one */
    bool is_busy;                /* inside a callback: freeing waits for its end */
    bool is_closed;
    bool is_final; /* on_failed was called */
    struct realtime_audio audio;
    struct items items;
    uint64_t commit_end;       /* audio before it belongs to an item that ended */
    struct resample *resample; /* NULL when µ-law is sent as it is */
    struct strbuf message;
};

/* --- life --- */

static void destroy(struct stt *stt)
{
    realtime_link_close(stt->link);
    realtime_link_close(stt->spare);
    net_timer_destroy(stt->timer);
    if (stt->resample)
        resample_destroy(stt->resample);
    items_free(&stt->items);
    realtime_audio_free(&stt->audio);
    realtime_terms_free(&stt->terms);
    strbuf_free(&stt->message);
    free(stt);
}

static bool is_over(const struct stt *stt)
{
    return stt->is_closed || stt->is_final;
}

static void drop_links(struct stt *stt)
{
    realtime_link_close(stt->link);
    realtime_link_close(stt->spare);
    stt->link = stt->spare = NULL;
    net_timer_clear(stt->timer);
}

static void give_up(struct stt *stt, const struct failure *failure)
{
    if (is_over(stt))
        return;
    stt->is_final = true;
    drop_links(stt);
    stt->listener->on_failed(stt->owner, failure);
}

/* --- time --- */

static bool is_ready(const struct realtime_link *link)
{
    return link && link->state == LINK_READY;
}

static void earliest(uint64_t *at, uint64_t other)
{
    if (other && (!*at || other < *at))
        *at = other;
}

static uint64_t final_by(const struct stt *stt)
{
    unsigned wait_ms = stt->terms.settings.answer_timeout_ms;
    uint64_t sent_ms = items_oldest_sent_ms(&stt->items);
    return sent_ms ? sent_ms + (wait_ms ? wait_ms : FINAL_WAIT_MS) : 0;
}

static void arm(struct stt *stt)
{
    uint64_t at = 0;
    if (is_over(stt))
        return;
    earliest(&at, final_by(stt));
    if (!stt->spare)
        earliest(&at, stt->renew_ms);
    else if (is_ready(stt->spare))
        earliest(&at, stt->link->lease.leave_by_ms);
    if (items_finished(&stt->items))
        earliest(&at, net_loop_now_ms(stt->loop));
    if (at)
        net_timer_set(stt->timer, at);
    else
        net_timer_clear(stt->timer);
}

/* --- finals --- */

static void tell_words(struct stt *stt, const struct item *item, struct slice text)
{
    struct stt_word words[MOST_WORDS];
    if (!stt->listener->on_words)
        return;
    size_t count = word_times_estimate(words, MOST_WORDS, text,
        (uint32_t)(item->voice_start / AUDIO_BYTES_PER_MS),
        (uint32_t)(item->voice_end / AUDIO_BYTES_PER_MS));
    if (count)
        stt->listener->on_words(stt->owner, item->number, words, count, true);
}

static void give_final(struct stt *stt, const struct item *finished)
{
    struct item item = *finished; /* its text aside: the list forgets it before the owner hears */
    struct strbuf text;
    strbuf_init(&text, ITEM_MOST_TEXT_BYTES * ITEMS_OPEN);
    items_text(&stt->items, item.number, &text);
    items_remove(&stt->items, item.number);
    realtime_audio_forget(&stt->audio, items_needed_from(&stt->items, stt->commit_end));
    tell_words(stt, &item, strbuf_slice(&text));
    if (!is_over(stt))
        stt->listener->on_final(stt->owner, item.number, strbuf_slice(&text));
    strbuf_free(&text);
}

/* Only from callbacks: what ends while the owner gives audio is told on the next turn of the loop. */
static void give_finals(struct stt *stt)
{
    const struct item *item;
    while (!is_over(stt) && (item = items_finished(&stt->items)))
        give_final(stt, item);
}

static void tell_partial(struct stt *stt, uint32_t number)
{
    struct strbuf text;
    strbuf_init(&text, ITEM_MOST_TEXT_BYTES * ITEMS_OPEN);
    items_text(&stt->items, number, &text);
    if (text.len)
        stt->listener->on_partial(stt->owner, number, strbuf_slice(&text));
    strbuf_free(&text);
}

/* --- sending --- */

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

/* Brings the service up to date with what was said and ended. */
static void pump(struct stt *stt)
{
    struct item *item;
    if (is_over(stt) || !is_ready(stt->link))
        return;
    while ((item = items_next_waiting(&stt->items))) {
        if (!send_item(stt, item))
            return;
    }
    realtime_audio_skip_to(&stt->audio, stt->commit_end);
    (void)send_audio(stt, stt->audio.written, false);
}

/* --- connections --- */

static const struct realtime_link_listener link_listener;

static enum err open_link(struct stt *stt, struct realtime_link **out)
{
    return realtime_link_open(out, stt->loop, &stt->terms, &link_listener, stt);
}

/* Everything without its transcript will be sent again. */
static void rewind_session(struct stt *stt)
{
    items_disconnect(&stt->items);
    realtime_audio_rewind(&stt->audio, items_needed_from(&stt->items, stt->commit_end));
}

static void use_link(struct stt *stt)
{
    stt->renew_ms = stt->link->lease.renew_ms;
    pump(stt);
    arm(stt);
}

static void take_over(struct stt *stt, const char *why)
{
    realtime_link_close(stt->link);
    stt->link = stt->spare;
    stt->spare = NULL;
    stt->renew_ms = 0;
    stt->is_retry = false;
    log_info("stt.renewed", "why=%s", why);
    rewind_session(stt);
    use_link(stt);
}

/* What would have to be said again is about to be longer than what is kept. */
static bool is_kept_no_longer(const struct stt *stt)
{
    uint64_t needed = items_needed_from(&stt->items, stt->commit_end);
    return stt->audio.written - needed + AUDIO_BATCH_BYTES >= AUDIO_KEPT_BYTES;
}

/* The spare link takes over between two utterances; in the middle of one when time or the audio kept runs out. */
static void renew(struct stt *stt)
{
    if (is_over(stt) || !is_ready(stt->spare))
        return;
    uint64_t leave_by_ms = stt->link->lease.leave_by_ms;
    bool is_idle = !stt->items.count && stt->audio.written - stt->commit_end < AUDIO_BATCH_BYTES;
    if (is_idle)
        take_over(stt, "between utterances");
    else if (net_loop_now_ms(stt->loop) >= leave_by_ms)
        take_over(stt, "the session ends");
    else if (is_kept_no_longer(stt))
        take_over(stt, "a long utterance");
}

static void lose_spare(struct stt *stt, const struct failure *failure)
{
    const struct realtime_lease *lease = &stt->link->lease;
    uint64_t again_ms =
        net_loop_now_ms(stt->loop) + (lease->leave_by_ms - lease->renew_ms) / RENEW_TRIES;
    log_warn("stt.not_renewed", "kind=%s why=%s", failure_rule(failure->kind)->name, failure->why);
    realtime_link_close(stt->spare);
    stt->spare = NULL;
    stt->renew_ms = again_ms < lease->leave_by_ms ? again_ms : 0;
}

static void open_spare(struct stt *stt)
{
    stt->renew_ms = 0;
    enum err err = open_link(stt, &stt->spare);
    if (err)
        lose_spare(
            stt, &(struct failure){.kind = failure_of_err(err), .err = err, .why = "not opened"});
}

/* Its time is over, or nearly: no loss to be counted. */
static bool is_due(const struct stt *stt)
{
    uint64_t renew_ms = stt->link->lease.renew_ms;
    return renew_ms && net_loop_now_ms(stt->loop) >= renew_ms;
}

static bool is_worth_again(const struct stt *stt, const struct failure *failure)
{
    uint64_t ready_ms = stt->link->ready_ms;
    bool was_steady = ready_ms && net_loop_now_ms(stt->loop) - ready_ms >= STEADY_MS;
    bool is_hopeless = failure_rule(failure->kind)->is_for_people || failure->kind == FAILURE_OURS;
    return stt->was_ready && !is_hopeless && (!stt->is_retry || was_steady || is_due(stt));
}

/* The connection is of no more use: once more, or the end. */
static void lose(struct stt *stt, const struct failure *failure)
{
    if (!is_worth_again(stt, failure)) {
        give_up(stt, failure);
        return;
    }
    log_info("stt.reconnect", "kind=%s why=%s", failure_rule(failure->kind)->name, failure->why);
    stt->is_retry = !is_due(stt);
    realtime_link_close(stt->link);
    stt->link = stt->spare;
    stt->spare = NULL;
    stt->renew_ms = 0;
    rewind_session(stt);
    enum err err = stt->link ? ERR_OK : open_link(stt, &stt->link);
    if (err)
        give_up(stt, &(struct failure){
                         .kind = failure_of_err(err), .err = err, .why = "cannot connect again"});
    else if (is_ready(stt->link))
        use_link(stt);
}

/* --- events --- */

static void take_delta(struct stt *stt, const struct realtime_event *event)
{
    struct item *item = items_for_delta(&stt->items, event->item_id);
    if (!item || !event->text.len)
        return;
    if (event->kind == REALTIME_GUESS)
        strbuf_clear(&item->text);
    strbuf_add_slice(&item->text, event->text);
    tell_partial(stt, item->number);
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
        tell_partial(stt, number);
}

static void take_event(
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

/* Around every callback. */
static void enter(struct stt *stt)
{
    stt->is_busy = true;
}

static void leave(struct stt *stt)
{
    give_finals(stt);
    renew(stt);
    arm(stt);
    stt->is_busy = false;
    if (stt->is_closed)
        destroy(stt);
}

static void on_event(void *owner, struct realtime_link *link, const struct realtime_event *event)
{
    struct stt *stt = owner;
    enter(stt);
    if (link == stt->link)
        take_event(stt, link, event);
    leave(stt);
}

static void on_ready(void *owner, struct realtime_link *link)
{
    struct stt *stt = owner;
    enter(stt);
    if (link == stt->link)
        use_link(stt);
    if (!stt->was_ready) {
        stt->was_ready = true;
        stt->listener->on_ready(stt->owner);
    }
    leave(stt);
}

static void on_lost(void *owner, struct realtime_link *link, const struct failure *failure)
{
    struct stt *stt = owner;
    enter(stt);
    if (link == stt->spare)
        lose_spare(stt, failure);
    else
        lose(stt, failure);
    leave(stt);
}

static const struct realtime_link_listener link_listener = {
    .on_ready = on_ready, .on_event = on_event, .on_lost = on_lost};

/* A vendor with a neighbour (its answers have a time of their own) is not asked twice. */
static void take_too_late(struct stt *stt)
{
    const struct failure late = {
        .kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "no transcript in time"};
    if (stt->terms.settings.answer_timeout_ms)
        give_up(stt, &late);
    else
        lose(stt, &late);
}

static void on_timer(void *owner)
{
    struct stt *stt = owner;
    uint64_t now_ms = net_loop_now_ms(stt->loop);
    uint64_t by_ms = final_by(stt);
    enter(stt);
    if (by_ms && now_ms >= by_ms && is_ready(stt->link))
        take_too_late(stt);
    else if (stt->renew_ms && now_ms >= stt->renew_ms && !stt->spare)
        open_spare(stt);
    leave(stt);
}

/* --- the interface --- */

static enum err prepare(struct stt *stt, const struct stt_settings *settings)
{
    strbuf_init(&stt->message, 16 * 1024);
    enum err err = realtime_terms_init(&stt->terms, settings);
    if (!err && !settings->send_ulaw)
        err = resample_create(&stt->resample, FRAME_SAMPLES * 50, PCM_RATE_HZ);
    return err;
}

static enum err open_session(struct stt **out, struct net_loop *loop,
    const struct stt_settings *settings, const struct stt_listener *listener, void *owner)
{
    struct stt *stt = calloc(1, sizeof(*stt));
    if (!stt)
        return ERR_NOMEM;
    stt->ops = &openai_realtime_stt;
    stt->listener = listener;
    stt->owner = owner;
    stt->loop = loop;
    enum err err = prepare(stt, settings);
    if (!err)
        err = net_timer_create(&stt->timer, loop, on_timer, stt);
    if (!err)
        err = open_link(stt, &stt->link);
    if (err) {
        destroy(stt);
        return err;
    }
    *out = stt;
    return ERR_OK;
}

static void take_audio(struct stt *stt, const uint8_t ulaw[FRAME_BYTES])
{
    if (is_over(stt))
        return;
    realtime_audio_put(&stt->audio, ulaw);
    renew(stt);
    pump(stt);
}

/* Where the voice in an utterance was; without any, all of it. */
static void note_voice(struct stt *stt, struct item *item)
{
    bool has_voice = realtime_audio_take_voice(&stt->audio, &item->voice_start, &item->voice_end);
    if (has_voice && item->voice_start >= stt->commit_end)
        return;
    item->voice_start = stt->commit_end;
    item->voice_end = stt->audio.written;
}

static uint32_t commit(struct stt *stt)
{
    if (is_over(stt) || stt->audio.written - stt->commit_end < AUDIO_BATCH_BYTES)
        return 0;
    struct item *item = items_end(&stt->items, stt->commit_end, stt->audio.written);
    if (!item)
        return 0;
    uint32_t number = item->number;
    note_voice(stt, item);
    stt->commit_end = stt->audio.written;
    pump(stt);
    arm(stt);
    return number;
}

static void close_session(struct stt *stt)
{
    stt->is_closed = true;
    if (stt->is_busy)
        net_timer_clear(stt->timer);
    else
        destroy(stt);
}

const struct stt_ops openai_realtime_stt = {
    "openai_realtime", open_session, take_audio, commit, close_session};
