/* Hearing through files: an utterance is asked about again and again while it grows, and once more when it has ended.

       frames ─► audio (≤ 30 s) ─┬─ every window_ms ─► window request ─► windows ─► on_partial
       commit ─► items ──────────┴─ in their order ──► final request ──► on_words, on_final

   At most one window and one final are under way, and a window ends with its utterance. One that fails costs a partial; a final that fails is tried once more where
   that is worth it, and ends the session otherwise, so that another provider can be asked. */
#include <stdlib.h>
#include <string.h>

#include "observe/log.h"
#include "providers/openai_files_request.h"
#include "providers/stt.h"
#include "providers/word_times.h"

#define ITEMS_OPEN 8
#define USUAL_WINDOW_MS 600
#define LEAST_AUDIO_MS 100 /* the service refuses less */
#define LEAST_VOICE_MS 60  /* less is a click, and makes these models invent */
#define AGAIN_MS 50
#define AGAIN_MOST_MS 500 /* a provider that wants more time gets it, from others */
#define SEAM_REACH_MS 150

struct item { /* an utterance that ended and waits for its final */
    uint32_t number;
    uint32_t end_ms;
    struct transcript_windows windows;
};

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer
        *timer; /* what must not happen inside a call of the owner's: ready, the next final */
    struct files_target target;
    struct files_audio audio;
    struct transcript_windows spoken; /* the utterance that has not ended */
    struct item items[ITEMS_OPEN];    /* the first is the one whose final is asked for */
    size_t count;
    uint32_t last_number;
    struct files_request window;
    uint32_t rest_until_ms; /* no window before: the provider asked for quiet */
    struct files_request final;
    struct window_final asked;
    unsigned tries; /* of the first item's final */
    bool was_ready;
    bool is_failed; /* on_failed was called */
    bool is_busy;   /* inside a callback: freeing waits for its end */
    bool is_closed;
};

/* --- life --- */

static void drop_requests(struct stt *stt)
{
    files_request_cancel(&stt->window);
    files_request_cancel(&stt->final);
    net_timer_clear(stt->timer);
}

static void destroy(struct stt *stt)
{
    net_timer_destroy(stt->timer);
    for (size_t i = 0; i < stt->count; i++)
        windows_free(&stt->items[i].windows);
    windows_free(&stt->spoken);
    files_audio_free(&stt->audio);
    files_target_free(&stt->target);
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
    return stt->is_closed || stt->is_failed;
}

static void give_up(struct stt *stt, const struct failure *failure)
{
    drop_requests(stt);
    stt->is_failed = true;
    stt->listener->on_failed(stt->owner, failure);
}

static void wake_in(struct stt *stt, unsigned wait_ms)
{
    net_timer_set(stt->timer, net_loop_now_ms(stt->loop) + wait_ms);
}

/* What an open utterance may still need is kept. */
static void forget_audio(struct stt *stt)
{
    const struct transcript_windows *oldest = stt->count ? &stt->items[0].windows : &stt->spoken;
    files_audio_forget(&stt->audio, oldest->start_ms);
}

/* --- windows --- */

static void ask_window(struct stt *stt)
{
    struct transcript_windows *windows = &stt->spoken;
    struct window_span span = windows_ask(windows, stt->audio.written_ms);
    if (span.from_ms < files_audio_oldest_ms(&stt->audio))
        span.from_ms = files_audio_oldest_ms(&stt->audio);
    struct files_voice voice = files_audio_voice(&stt->audio, span.from_ms, span.to_ms);
    if (span.to_ms - span.from_ms < LEAST_AUDIO_MS || voice.voiced_ms < LEAST_VOICE_MS)
        return;
    enum err err =
        files_request_start(&stt->window, stt->loop, &stt->target, &stt->audio, span, voice);
    if (err)
        log_debug("stt.window", "err=%s", err_name(err));
}

/* What a seam needs to be looked for may be gone: memory was short. */
static void cut_window(struct stt *stt)
{
    struct transcript_windows *windows = &stt->spoken;
    uint32_t near_ms;
    if (!windows_wants_seam(windows, &near_ms) ||
        windows->anchor_ms < files_audio_oldest_ms(&stt->audio))
        return;
    uint32_t from_ms =
        near_ms - windows->anchor_ms > SEAM_REACH_MS ? near_ms - SEAM_REACH_MS : windows->anchor_ms;
    uint32_t to_ms =
        near_ms + SEAM_REACH_MS < windows->asked_ms ? near_ms + SEAM_REACH_MS : windows->asked_ms;
    windows_cut(windows, files_audio_quietest_ms(&stt->audio, from_ms, to_ms));
}

/* There is always voice that the window did not have, or will be soon: the words hang. */
static void give_partial(struct stt *stt)
{
    struct strbuf text;
    strbuf_init(&text, 2 * WINDOW_TEXT_BYTES + 4);
    strbuf_add_slice(&text, windows_partial(&stt->spoken));
    strbuf_add_text(&text, "\xe2\x80\xa6");
    stt->listener->on_partial(stt->owner, stt->last_number + 1, strbuf_slice(&text));
    strbuf_free(&text);
}

static void on_window(void *owner, const struct files_result *result)
{
    struct stt *stt = owner;
    const struct failure *failure = result->failure;
    if (failure) {
        log_debug("stt.window", "kind=%s why=%s", failure_rule(failure->kind)->name, failure->why);
        stt->rest_until_ms = stt->audio.written_ms + failure->retry_after_ms;
        return;
    }
    bool is_new = windows_take(
        &stt->spoken, result->text, result->words, result->count, result->is_estimated);
    cut_window(stt);
    stt->is_busy = true;
    if (is_new && windows_partial(&stt->spoken).len)
        give_partial(stt);
    leave(stt);
}

/* --- finals --- */

/* The first item has its text; the next one is asked for. */
static void finish_item(struct stt *stt, struct slice text)
{
    struct item item = stt->items[0];
    stt->count--;
    memmove(stt->items, stt->items + 1, stt->count * sizeof *stt->items);
    stt->tries = 0;
    forget_audio(stt);
    stt->listener->on_final(stt->owner, item.number, text);
    windows_free(&item.windows);
    if (!is_over(stt) && stt->count)
        wake_in(stt, 0);
}

/* Windows settled the beginning of a long utterance; its times are reckoned then. */
static void join_settled(struct stt *stt, struct strbuf *out, struct slice rest)
{
    const struct transcript_windows *windows = &stt->items[0].windows;
    strbuf_add(out, windows->settled.data, stt->asked.settled_len);
    if (out->len && rest.len)
        strbuf_add_char(out, ' ');
    strbuf_add_slice(out, rest);
}

static void give_long(struct stt *stt, struct slice rest)
{
    struct stt_word words[FILES_WORDS_MAX];
    const struct item *item = &stt->items[0];
    struct strbuf all;
    strbuf_init(&all, 2 * WINDOW_TEXT_BYTES);
    join_settled(stt, &all, rest);
    struct slice text = strbuf_slice(&all);
    size_t count = word_times_estimate(
        words, FILES_WORDS_MAX, text, item->windows.start_ms, stt->final.voice.last_ms);
    if (count && stt->listener->on_words)
        stt->listener->on_words(stt->owner, item->number, words, count, true);
    if (!is_over(stt))
        finish_item(stt, text);
    strbuf_free(&all);
}

static void give_final(struct stt *stt, const struct files_result *result)
{
    uint32_t number = stt->items[0].number;
    if (stt->asked.settled_len) {
        give_long(stt, result->text);
        return;
    }
    if (result->count && stt->listener->on_words)
        stt->listener->on_words(
            stt->owner, number, result->words, result->count, result->is_estimated);
    if (!is_over(stt))
        finish_item(stt, result->text);
}

static void fail_final(struct stt *stt, const struct failure *failure)
{
    bool is_in_time = failure->retry_after_ms <= AGAIN_MOST_MS;
    if (stt->tries > 1 || !failure_rule(failure->kind)->is_worth_again || !is_in_time) {
        give_up(stt, failure);
        return;
    }
    log_info("stt.again", "item=%u kind=%s why=%s", stt->items[0].number,
        failure_rule(failure->kind)->name, failure->why);
    wake_in(stt, failure->retry_after_ms > AGAIN_MS ? failure->retry_after_ms : AGAIN_MS);
}

static void on_final(void *owner, const struct files_result *result)
{
    struct stt *stt = owner;
    stt->is_busy = true;
    if (result->failure)
        fail_final(stt, result->failure);
    else
        give_final(stt, result);
    leave(stt);
}

static void ask_final(struct stt *stt)
{
    const struct item *item = &stt->items[0];
    uint32_t oldest_ms = files_audio_oldest_ms(&stt->audio);
    stt->asked = windows_final(&item->windows, item->end_ms, oldest_ms);
    struct window_span span = stt->asked.span;
    if (span.from_ms > item->windows.start_ms && span.from_ms == oldest_ms)
        log_warn(
            "stt.audio_lost", "item=%u ms=%u", item->number, span.from_ms - item->windows.start_ms);
    bool is_long_enough = span.to_ms > span.from_ms && span.to_ms - span.from_ms >= LEAST_AUDIO_MS;
    struct files_voice voice = {.first_ms = span.from_ms, .last_ms = span.from_ms};
    if (is_long_enough)
        voice = files_audio_voice(&stt->audio, span.from_ms, span.to_ms);
    stt->final.voice = voice;
    if (voice.voiced_ms < LEAST_VOICE_MS) {
        give_final(stt, &(struct files_result){.text = SLICE("")});
        return;
    }
    stt->tries++;
    enum err err =
        files_request_start(&stt->final, stt->loop, &stt->target, &stt->audio, span, voice);
    if (err)
        give_up(stt,
            &(struct failure){
                .kind = failure_of_err(err), .err = err, .why = "the request could not be made"});
}

/* --- the interface --- */

static void on_timer(void *owner)
{
    struct stt *stt = owner;
    stt->is_busy = true;
    if (!stt->was_ready) {
        stt->was_ready = true;
        stt->listener->on_ready(stt->owner);
    }
    if (!is_over(stt) && stt->count && !files_request_is_open(&stt->final))
        ask_final(stt);
    leave(stt);
}

static enum err open_session(struct stt **out, struct net_loop *loop,
    const struct stt_settings *settings, const struct stt_listener *listener, void *owner)
{
    struct stt *stt = calloc(1, sizeof *stt);
    if (!stt)
        return ERR_NOMEM;
    stt->ops = &openai_files_stt;
    stt->listener = listener;
    stt->owner = owner;
    stt->loop = loop;
    stt->window = (struct files_request){.on_end = on_window, .owner = stt};
    stt->final = (struct files_request){.on_end = on_final, .owner = stt};
    windows_begin(&stt->spoken, 0);
    enum err err = files_target_init(&stt->target, settings);
    if (!err)
        err = net_timer_create(&stt->timer, loop, on_timer, stt);
    if (err) {
        destroy(stt);
        return err;
    }
    wake_in(stt, 0); /* there is no session to wait for: ready at once */
    *out = stt;
    return ERR_OK;
}

static void take_audio(struct stt *stt, const uint8_t ulaw[FRAME_BYTES])
{
    if (is_over(stt))
        return;
    files_audio_put(&stt->audio, ulaw);
    uint32_t now_ms = stt->audio.written_ms;
    unsigned wanted_ms = stt->target.settings.window_ms;
    bool is_free = !files_request_is_open(&stt->window) && now_ms >= stt->rest_until_ms;
    if (is_free && windows_is_due(&stt->spoken, now_ms, wanted_ms ? wanted_ms : USUAL_WINDOW_MS))
        ask_window(stt);
}

static uint32_t commit(struct stt *stt)
{
    uint32_t now_ms = stt->audio.written_ms;
    if (is_over(stt) || now_ms - stt->spoken.start_ms < LEAST_AUDIO_MS)
        return 0;
    if (stt->count == ITEMS_OPEN) {
        log_warn("stt.items_full", "open=%zu", stt->count);
        return 0;
    }
    files_request_cancel(&stt->window); /* its server may do one thing at a time */
    stt->items[stt->count++] = (struct item){++stt->last_number, now_ms, stt->spoken};
    windows_begin(&stt->spoken, now_ms);
    if (!files_request_is_open(&stt->final) && stt->count == 1)
        wake_in(stt, 0);
    return stt->last_number;
}

static void close_session(struct stt *stt)
{
    drop_requests(stt);
    stt->is_closed = true;
    if (!stt->is_busy)
        destroy(stt);
}

const struct stt_ops openai_files_stt = {
    "openai_files", open_session, take_audio, commit, close_session};
