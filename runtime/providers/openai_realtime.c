/* A transcription session:

       frames ─► up to 3 s ─► 100 ms appends ───┐
       commit ─► items ────────► commits ───────┴─► socket ─► events ─► items ─► partials, finals

   The audio kept and the open items outlive a connection: one that is lost is made again once, and what was
   not transcribed is sent again. A connection that then holds for STEADY_MS earns another try. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/resample.h"
#include "net/ws.h"
#include "observe/log.h"
#include "providers/openai_realtime_audio.h"
#include "providers/openai_realtime_codec.h"
#include "providers/openai_realtime_items.h"
#include "providers/origin.h"
#include "providers/stt.h"

#define STEADY_MS 10000
#define FINAL_WAIT_MS                                                                              \
    8000 /* a commit without its transcript for so long: the connection is broken */
#define MOST_MESSAGE_BYTES (1024 * 1024)
#define MOST_QUEUE_BYTES (512 * 1024)
#define PCM_RATE_HZ 24000
#define PCM_BATCH_SAMPLES (AUDIO_BATCH_BYTES * 3 + 16)

enum phase {
    PHASE_CONNECTING, /* until session.created */
    PHASE_SETTING_UP, /* until session.updated */
    PHASE_READY,
    PHASE_LEAVING, /* we gave the socket up and wait for its end */
    PHASE_FINAL,   /* on_failed was called */
};

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer; /* until ready; then the oldest commit that waits for its text */
    struct ws *ws;
    struct stt_settings settings; /* strings are owned */
    struct strbuf url;
    struct strbuf bearer;
    enum phase phase;
    uint64_t ready_ms; /* when the connection became ready */
    bool was_ready;    /* on_ready was called */
    bool is_retry;     /* this connection replaces a lost one */
    bool is_busy;      /* inside a callback: freeing waits for its end */
    bool is_closed;
    struct realtime_audio audio;
    struct items items;
    uint64_t commit_end;       /* audio before it belongs to an item that ended */
    uint64_t uncommitted_len;  /* bytes appended on this connection since its last commit */
    struct resample *resample; /* NULL when µ-law is sent as it is */
    struct strbuf message;
};

/* --- life --- */

static void destroy(struct stt *stt)
{
    if (stt->ws)
        ws_close_now(stt->ws);
    net_timer_destroy(stt->timer);
    if (stt->resample)
        resample_destroy(stt->resample);
    items_free(&stt->items);
    realtime_audio_free(&stt->audio);
    strbuf_free(&stt->url);
    strbuf_free(&stt->bearer);
    strbuf_free(&stt->message);
    free((char *)stt->settings.model);
    free((char *)stt->settings.language);
    free(stt);
}

static void leave(struct stt *stt)
{
    stt->is_busy = false;
    if (stt->is_closed)
        destroy(stt);
}

static bool is_over(const struct stt *stt)
{
    return stt->is_closed || stt->phase == PHASE_FINAL;
}

static void drop_socket(struct stt *stt)
{
    if (stt->ws)
        ws_close_now(stt->ws);
    stt->ws = NULL;
    net_timer_clear(stt->timer);
}

static void give_up(struct stt *stt, const struct failure *failure)
{
    if (is_over(stt))
        return;
    drop_socket(stt);
    stt->phase = PHASE_FINAL;
    stt->listener->on_failed(stt->owner, failure);
}

static void fail(struct stt *stt, enum err err, const char *why)
{
    give_up(stt, &(struct failure){.kind = failure_of_err(err), .err = err, .why = why});
}

/* --- sending --- */

/* Sends the message that was built, whose memory goes with it: an append is large, and between turns there is none. A socket that takes no more is given up; its end comes as an event. */
static bool send_message(struct stt *stt)
{
    enum err err = stt->message.failed ? ERR_NOMEM : ws_send(stt->ws, strbuf_slice(&stt->message));
    strbuf_free(&stt->message);
    if (!err)
        return true;
    stt->phase = PHASE_LEAVING;
    if (err != ERR_CLOSED)
        ws_close(stt->ws, 1011, "");
    return false;
}

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
    stt->uncommitted_len += len;
    return send_message(stt);
}

/* Watches the commit that has waited longest. */
static void arm_final(struct stt *stt)
{
    uint64_t sent_ms = items_oldest_sent_ms(&stt->items);
    if (sent_ms)
        net_timer_set(stt->timer, sent_ms + FINAL_WAIT_MS);
    else
        net_timer_clear(stt->timer);
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
        if (!send_append(stt, batch, len))
            return false;
    }
    return true;
}

/* A lost connection would have the items that are open said again, and what belongs to none yet. */
static void forget_audio(struct stt *stt)
{
    uint64_t needed = stt->commit_end;
    for (size_t i = 0; i < stt->items.count; i++) {
        const struct item *item = &stt->items.open[i];
        if (item->state != ITEM_SPOKEN && item->start < needed)
            needed = item->start;
    }
    realtime_audio_forget(&stt->audio, needed);
}

static void finish_item(struct stt *stt, struct item *item, struct slice text)
{
    uint32_t number = item->number;
    items_remove(&stt->items, item);
    forget_audio(stt);
    arm_final(stt);
    if (!is_over(stt))
        stt->listener->on_final(stt->owner, number, text);
}

static bool send_item(struct stt *stt, struct item *item)
{
    realtime_audio_skip_to(&stt->audio, item->start);
    if (!send_audio(stt, item->end, true))
        return false;
    if (stt->uncommitted_len <
        AUDIO_BATCH_BYTES) { /* too old to be kept, and none of it was sent */
        finish_item(stt, item, SLICE(""));
        return !is_over(stt);
    }
    realtime_commit(&stt->message, item->number);
    if (!send_message(stt))
        return false;
    stt->uncommitted_len = 0;
    item->state = ITEM_SENT;
    item->sent_ms = net_loop_now_ms(stt->loop);
    arm_final(stt);
    return true;
}

/* Brings the service up to date with what was said and ended. */
static void pump(struct stt *stt)
{
    struct item *item;
    if (stt->phase != PHASE_READY)
        return;
    while ((item = items_next_waiting(&stt->items))) {
        if (!send_item(stt, item))
            return;
    }
    realtime_audio_skip_to(&stt->audio, stt->commit_end);
    (void)send_audio(stt, stt->audio.written, false);
}

/* --- connection --- */

static const struct ws_listener ws_listener;

static enum err connect_socket(struct stt *stt)
{
    struct ws_header header = {"authorization", stt->bearer.data};
    struct ws_options options = {
        .url = stt->url.data,
        .headers = &header,
        .header_count = 1,
        .connect_timeout_ms = stt->settings.connect_timeout_ms,
        .max_message_bytes = MOST_MESSAGE_BYTES,
        .max_queue_bytes = MOST_QUEUE_BYTES,
    };
    stt->phase = PHASE_CONNECTING;
    stt->uncommitted_len = 0;
    enum err err = ws_connect(&stt->ws, stt->loop, &options, &ws_listener, stt);
    if (!err)
        net_timer_set(stt->timer, net_loop_now_ms(stt->loop) + stt->settings.connect_timeout_ms);
    return err;
}

/* Everything without its transcript will be sent again. */
static void rewind_session(struct stt *stt)
{
    items_disconnect(&stt->items);
    struct item *oldest = items_next_waiting(&stt->items);
    realtime_audio_rewind(&stt->audio, oldest ? oldest->start : stt->commit_end);
}

/* The connection is of no more use: once more, or the end. */
static void lose(struct stt *stt, enum err err, const char *why)
{
    bool was_steady = stt->ready_ms && net_loop_now_ms(stt->loop) - stt->ready_ms >= STEADY_MS;
    drop_socket(stt);
    stt->ready_ms = 0;
    if (!stt->was_ready || (stt->is_retry && !was_steady)) {
        fail(stt, err, why);
        return;
    }
    log_info("stt.reconnect", "err=%s why=%s", err_name(err), why);
    stt->is_retry = true;
    rewind_session(stt);
    err = connect_socket(stt);
    if (err)
        fail(stt, err, "cannot connect again");
}

static void become_ready(struct stt *stt)
{
    net_timer_clear(stt->timer);
    stt->phase = PHASE_READY;
    stt->ready_ms = net_loop_now_ms(stt->loop);
    pump(stt);
    if (stt->was_ready || is_over(stt))
        return;
    stt->was_ready = true;
    stt->listener->on_ready(stt->owner);
}

/* --- events --- */

static void take_delta(struct stt *stt, const struct realtime_event *event)
{
    struct item *item = items_for_delta(&stt->items, event->item_id);
    if (!item || !event->text.len)
        return;
    strbuf_add_slice(&item->text, event->text);
    stt->listener->on_partial(stt->owner, item->number, strbuf_slice(&item->text));
}

static void take_error(struct stt *stt, const struct realtime_event *event)
{
    char why[REALTIME_CODE_SIZE + 16];
    snprintf(why, sizeof(why), "error %s", event->code);
    if (event->severity == REALTIME_FATAL) {
        fail(stt, ERR_REFUSED, why);
        return;
    }
    if (event->severity == REALTIME_EXPIRED) {
        lose(stt, ERR_CLOSED, why);
        return;
    }
    log_warn("stt.error", "code=%s", event->code);
    bool is_commit = event->commit || event->severity == REALTIME_EMPTY;
    struct item *item = is_commit ? items_refused(&stt->items, event->commit) : NULL;
    if (item)
        finish_item(stt, item, SLICE(""));
}

static void take_end(struct stt *stt, const struct realtime_event *event)
{
    struct item *item = items_for_end(&stt->items, event->item_id);
    if (!item)
        return;
    if (event->kind == REALTIME_FAILED)
        log_warn("stt.item_failed", "item=%u code=%s", item->number, event->code);
    finish_item(stt, item, event->kind == REALTIME_FAILED ? SLICE("") : event->text);
}

static void take_event(struct stt *stt, const struct realtime_event *event)
{
    switch (event->kind) {
    case REALTIME_CREATED:
        if (stt->phase != PHASE_CONNECTING)
            return;
        stt->phase = PHASE_SETTING_UP;
        realtime_session_update(&stt->message, &stt->settings);
        (void)send_message(stt);
        return;
    case REALTIME_UPDATED:
        if (stt->phase == PHASE_SETTING_UP)
            become_ready(stt);
        return;
    case REALTIME_COMMITTED:
        if (!items_confirm(&stt->items, event->item_id))
            log_warn("stt.foreign_commit", "why=%s", "the service ended an item by itself");
        return;
    case REALTIME_DELTA:
        take_delta(stt, event);
        return;
    case REALTIME_COMPLETED:
    case REALTIME_FAILED:
        take_end(stt, event);
        return;
    case REALTIME_ERROR:
        take_error(stt, event);
        return;
    case REALTIME_OTHER:
        return;
    }
}

static void on_text(void *owner, struct slice message)
{
    struct stt *stt = owner;
    struct realtime_event event;
    if (realtime_decode(&event, message)) {
        log_warn("stt.bad_message", "len=%zu", message.len);
        return;
    }
    stt->is_busy = true;
    take_event(stt, &event);
    realtime_event_free(&event);
    leave(stt);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct stt *stt = owner;
    char text[160];
    snprintf(text, sizeof(text), "socket closed: code %d %s", code, why ? why : "");
    stt->ws = NULL;
    stt->is_busy = true;
    lose(stt, err ? err : ERR_CLOSED, text);
    leave(stt);
}

static void on_timer(void *owner)
{
    struct stt *stt = owner;
    stt->is_busy = true;
    lose(stt, ERR_TIMEOUT,
        stt->phase == PHASE_READY ? "no transcript in time" : "the session was not ready in time");
    leave(stt);
}

static const struct ws_listener ws_listener = {.on_text = on_text, .on_closed = on_closed};

/* --- the interface --- */

static enum err prepare(struct stt *stt, const struct stt_settings *settings)
{
    stt->settings = *settings;
    stt->settings.base_url = NULL;
    stt->settings.api_key = NULL;
    stt->settings.model = slice_dup(slice_from(settings->model));
    stt->settings.language = slice_dup(slice_from(settings->language));
    if (!stt->settings.model || !stt->settings.language)
        return ERR_NOMEM;
    strbuf_init(&stt->message, 16 * 1024);
    strbuf_init(&stt->url, 2048);
    strbuf_init(&stt->bearer, 4096);
    strbuf_printf(&stt->bearer, "Bearer %s", settings->api_key ? settings->api_key : "");
    enum err err = origin_ws(&stt->url, settings->base_url, "/v1/realtime?intent=transcription");
    if (!err && stt->bearer.failed)
        err = ERR_BAD;
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
        err = connect_socket(stt);
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
    pump(stt);
}

static uint32_t commit(struct stt *stt)
{
    if (is_over(stt) || stt->audio.written - stt->commit_end < AUDIO_BATCH_BYTES)
        return 0;
    uint32_t number = items_end(&stt->items, stt->commit_end, stt->audio.written);
    if (!number)
        return 0;
    stt->commit_end = stt->audio.written;
    pump(stt);
    return number;
}

static void close_session(struct stt *stt)
{
    drop_socket(stt);
    stt->is_closed = true;
    if (!stt->is_busy)
        destroy(stt);
}

const struct stt_ops openai_realtime_stt = {
    "openai_realtime", open_session, take_audio, commit, close_session};
