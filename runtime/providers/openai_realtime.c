/* A transcription session:

       frames ─► up to 5 s ─► 100 ms appends ───┐
       commit ─► items ────────► commits ───────┴─► link ─► events ─► items ─► partials, words, finals
                                                     ▲
                                     spare link ─────┘ before the session expires

   The audio kept and the open items outlive a connection: one that is lost is made again once, and what was
   not transcribed is sent again. A connection that then holds for STEADY_MS, or whose time was over, earns another try.
   What the service ends by itself is part of the utterance we have not ended yet. */
#include <stdlib.h>

#include "media/resample.h"
#include "observe/log.h"
#include "providers/openai_realtime_internal.h"

#define STEADY_MS 10000
#define FINAL_WAIT_MS                                                                              \
    8000              /* a commit without its transcript for so long: the connection is broken */
#define RENEW_TRIES 3 /* of a spare link that does not come about */
#define PCM_RATE_HZ 24000

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

static void drop_links(struct stt *stt)
{
    realtime_link_close(stt->link);
    realtime_link_close(stt->spare);
    stt->link = stt->spare = NULL;
    net_timer_clear(stt->timer);
}

static void give_up(struct stt *stt, const struct failure *failure)
{
    if (realtime_is_over(stt))
        return;
    stt->is_final = true;
    drop_links(stt);
    stt->listener->on_failed(stt->owner, failure);
}

/* --- time --- */

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
    if (realtime_is_over(stt))
        return;
    earliest(&at, final_by(stt));
    if (!stt->spare)
        earliest(&at, stt->renew_ms);
    else if (realtime_is_ready(stt->spare))
        earliest(&at, stt->link->lease.leave_by_ms);
    if (items_finished(&stt->items))
        earliest(&at, net_loop_now_ms(stt->loop));
    if (at)
        net_timer_set(stt->timer, at);
    else
        net_timer_clear(stt->timer);
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
    realtime_pump(stt);
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
    if (realtime_is_over(stt) || !realtime_is_ready(stt->spare))
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
    else if (realtime_is_ready(stt->link))
        use_link(stt);
}

/* Around every callback. */
static void enter(struct stt *stt)
{
    stt->is_busy = true;
}

static void leave(struct stt *stt)
{
    realtime_give_finals(stt);
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
        realtime_take_event(stt, link, event);
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
    if (by_ms && now_ms >= by_ms)
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
    if (realtime_is_over(stt))
        return;
    realtime_audio_put(&stt->audio, ulaw);
    renew(stt);
    realtime_pump(stt);
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
    if (realtime_is_over(stt) || stt->audio.written - stt->commit_end < AUDIO_BATCH_BYTES)
        return 0;
    struct item *item = items_end(&stt->items, stt->commit_end, stt->audio.written);
    if (!item)
        return 0;
    uint32_t number = item->number;
    note_voice(stt, item);
    stt->commit_end = stt->audio.written;
    realtime_pump(stt);
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
