/* Speaking that outlives its providers:

       text, ends ─► contexts, with what of each was given ─► session with one of the route ─► audio, times ─► held until a word
                          ▲                                       │ failed, or owes too long        is whole ─► the owner
                          └──── what was not given is asked ◄─────┘

   A session that fails, or that owes audio while another could be asked, is left; the next is asked for what the owner was not given:
   all of a context that made no sound yet, else from the next word on. What passed through without times cannot be continued:
   on_failed. Voices differ, so the call stays with who speaks until it was silent for a while and the one before may be asked again. */
#include <stdlib.h>
#include <string.h>

#include "observe/metrics.h"
#include "routing/routed.h"
#include "routing/speaking.h"

/* The engine waits 2800 ms for a sound, of which the model has had a part. */
#define FIRST_PATIENCE_MS 1200
#define NEXT_PATIENCE_MS 2000
#define DRY_PATIENCE_MS 1500 /* silence in the middle of a reply, whoever else is there */
#define NOBODY_PATIENCE_MS 1200
#define LOOK_AGAIN_MS 250 /* whether another could be asked */
#define TIMES_AT_ONCE 64

/* ---- life ---- */

static void destroy(struct tts *tts)
{
    net_timer_destroy(tts->timer);
    for (size_t i = 0; i < tts->count; i++)
        spoken_free(&tts->list[i]);
    route_clear(&tts->route);
    free((char *)tts->wishes.language);
    free(tts);
}

/* ---- contexts ---- */

static void end_context(struct tts *tts, uint32_t number)
{
    struct spoken *spoken = speaking_find(tts, number);
    if (!spoken)
        return;
    speaking_drop(tts, spoken);
    tts->listener->on_end(tts->owner, number);
}

/* ---- time ---- */

/* A provider's own patience, when it has one. */
static uint64_t patience_of(const struct tts *tts, const struct spoken *spoken)
{
    const struct tts_settings *own = &tts->route.list[tts->index].provider->tts;
    if (spoken->heard_ms)
        return own->idle_timeout_ms ? own->idle_timeout_ms : NEXT_PATIENCE_MS;
    return own->first_byte_timeout_ms ? own->first_byte_timeout_ms : FIRST_PATIENCE_MS;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the session has had its time, since another could be asked; UINT64_MAX: it owes nothing, or nobody else could be. */
static uint64_t patience_ms(const struct tts *tts)
{
    uint64_t due_ms = UINT64_MAX;
    for (size_t i = 0; i < tts->count && tts->route.count > 1; i++) {
        const struct spoken *spoken = &tts->list[i];
        uint64_t by_ms =
            later(later(spoken->asked_ms, tts->heard_ms) + patience_of(tts, spoken), tts->look_ms);
        if (spoken_is_owed(spoken) && by_ms < due_ms)
            due_ms = by_ms;
    }
    return due_ms;
}

/* When the caller has heard nothing for too long in the middle of a reply: then even nobody is better. */
static uint64_t dry_by_ms(const struct tts *tts)
{
    uint64_t due_ms = UINT64_MAX;
    for (size_t i = 0; i < tts->count; i++) {
        const struct spoken *spoken = &tts->list[i];
        uint64_t by_ms =
            later(later(spoken->asked_ms, tts->heard_ms), tts->dry_ms) + DRY_PATIENCE_MS;
        if (spoken->heard_ms && spoken_is_owed(spoken) && by_ms < due_ms)
            due_ms = by_ms;
    }
    return due_ms;
}

static bool has_ended(const struct tts *tts)
{
    for (size_t i = 0; i < tts->count; i++)
        if (tts->list[i].is_over)
            return true;
    return false;
}

static uint64_t deadline_ms(const struct tts *tts)
{
    bool is_hopeless = tts->mute_ms && succession_is_over(&tts->succession, &tts->route);
    if (has_ended(tts) || is_hopeless)
        return speaking_now_ms(tts);
    if (tts->inner)
        return sooner(patience_ms(tts), dry_by_ms(tts));
    if (!tts->mute_ms)
        return UINT64_MAX;
    uint64_t due_ms = succession_due_ms(&tts->succession, &tts->route);
    return sooner(due_ms, tts->mute_ms + NOBODY_PATIENCE_MS);
}

static void arm(struct tts *tts)
{
    if (speaking_is_over(tts))
        return;
    uint64_t due_ms = deadline_ms(tts);
    if (due_ms == UINT64_MAX)
        net_timer_clear(tts->timer);
    else
        net_timer_set(tts->timer, due_ms);
}

static void enter(struct tts *tts)
{
    tts->is_busy = true;
}

static void leave(struct tts *tts)
{
    tts->is_busy = false;
    if (tts->is_closed)
        destroy(tts);
    else
        arm(tts);
}

/* ---- what the session tells ---- */

static void on_ready(void *owner)
{
    struct tts *tts = owner;
    if (tts->was_ready)
        return;
    tts->was_ready = true;
    enter(tts);
    tts->listener->on_ready(tts->owner);
    leave(tts);
}

static void tell_times(struct tts *tts, uint32_t number, size_t count)
{
    struct tts_timing timings[TIMES_AT_ONCE];
    struct spoken *spoken;
    while (count && (spoken = speaking_find(tts, number))) {
        size_t some = count < TIMES_AT_ONCE ? count : TIMES_AT_ONCE;
        spoken_tell(spoken, timings, some);
        count -= some;
        tts->listener->on_timings(tts->owner, number, timings, some);
    }
}

/* The owner may cancel, or close, in each callback. */
static void give(struct tts *tts, uint32_t number, bool is_all)
{
    size_t times = 0, bytes = 0;
    struct spoken *spoken = speaking_find(tts, number);
    if (spoken)
        spoken_ready(spoken, is_all, speaking_now_ms(tts), &times, &bytes);
    tell_times(tts, number, times);
    while (bytes && (spoken = speaking_find(tts, number))) {
        uint8_t piece[4096];
        struct slice front = spoken_front(spoken, bytes < sizeof piece ? bytes : sizeof piece);
        memcpy(piece, front.data, front.len);
        spoken_given(spoken, front.len, speaking_now_ms(tts));
        tts->dry_ms = later(tts->dry_ms, speaking_now_ms(tts)) + front.len / SPOKEN_BYTES_PER_MS;
        bytes -= front.len;
        tts->listener->on_audio(tts->owner, number, piece, front.len);
    }
}

/* Of another text, or lost: they pass through, where they count from the context's first audio. */
static void pass_times(
    struct tts *tts, uint32_t number, const struct tts_timing *timings, size_t count)
{
    give(tts, number, true);
    const struct spoken *spoken = speaking_find(tts, number);
    if (!spoken)
        return;
    bool is_lost = !count || spoken->before_ms;
    tts->listener->on_timings(tts->owner, number, is_lost ? NULL : timings, is_lost ? 0 : count);
}

static void on_timings(void *owner, uint32_t number, const struct tts_timing *timings, size_t count)
{
    struct tts *tts = owner;
    struct spoken *spoken = speaking_find(tts, number);
    if (!spoken)
        return;
    enter(tts);
    if (!spoken_take_times(spoken, timings, count))
        pass_times(tts, number, timings, count);
    leave(tts);
}

static void note_first_audio(struct tts *tts, const struct spoken *spoken)
{
    succession_worked(&tts->succession, tts->index);
    if (!tts->first_ms)
        tts->first_ms = (unsigned)later(speaking_now_ms(tts) - spoken->asked_ms, 1);
    if (tts->listener->on_source)
        tts->listener->on_source(tts->owner, spoken->number,
            route_provider(&tts->route, tts->index), route_model(&tts->route, tts->index));
}

static void on_audio(void *owner, uint32_t number, const uint8_t *ulaw, size_t len)
{
    struct tts *tts = owner;
    struct spoken *spoken = speaking_find(tts, number);
    if (!spoken || !len)
        return;
    enter(tts);
    tts->heard_ms = speaking_now_ms(tts);
    if (!spoken->heard_ms)
        note_first_audio(tts, spoken);
    spoken = speaking_find(tts, number);
    if (spoken && !spoken_take_audio(spoken, ulaw, len, speaking_now_ms(tts)))
        metric_add(METRIC_FRAMES_DROPPED, (int64_t)(len / FRAME_BYTES));
    give(tts, number, false);
    leave(tts);
}

static void on_end(void *owner, uint32_t number)
{
    struct tts *tts = owner;
    enter(tts);
    give(tts, number, true);
    end_context(tts, number);
    leave(tts);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct tts *tts = owner;
    enter(tts);
    speaking_lose(tts, failure, SUCCESSION_NOBODY);
    leave(tts);
}

const struct tts_listener speaking_listener = {.on_ready = on_ready,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* ---- what is due ---- */

static void end_what_is_over(struct tts *tts)
{
    for (size_t i = 0; i < tts->count && !speaking_is_over(tts);) {
        if (tts->list[i].is_over)
            end_context(tts, tts->list[i].number);
        else
            i++;
    }
}

/* The session has had its time: another goes on, when there is one. */
static void give_turn_away(struct tts *tts)
{
    size_t next =
        succession_enter(&tts->succession, &tts->route, ~(1u << tts->index), speaking_now_ms(tts));
    tts->look_ms = speaking_now_ms(tts) + LOOK_AGAIN_MS;
    if (next != SUCCESSION_NOBODY || dry_by_ms(tts) <= speaking_now_ms(tts))
        speaking_lose(tts,
            &(struct failure){.kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "no audio in time"},
            next);
}

static void look_for_somebody(struct tts *tts)
{
    speaking_go_on(tts, SUCCESSION_NOBODY);
    if (!tts->inner && speaking_now_ms(tts) >= tts->mute_ms + NOBODY_PATIENCE_MS)
        speaking_give_up(tts);
}

static void on_timer(void *owner)
{
    struct tts *tts = owner;
    enter(tts);
    end_what_is_over(tts);
    if (!speaking_is_over(tts) && !tts->inner && tts->mute_ms)
        look_for_somebody(tts);
    else if (!speaking_is_over(tts) && tts->inner &&
             sooner(patience_ms(tts), dry_by_ms(tts)) <= speaking_now_ms(tts))
        give_turn_away(tts);
    leave(tts);
}

/* ---- the interface ---- */

static enum err prepare(struct tts *tts, const struct tts_settings *settings)
{
    route_copy(&tts->route, settings->route);
    tts->wishes = (struct tts_settings){.stability = settings->stability,
        .similarity = settings->similarity,
        .speed = settings->speed,
        .pitch = settings->pitch,
        .language = slice_dup(slice_from(settings->language))};
    if (!tts->wishes.language)
        return ERR_NOMEM;
    enum err err = net_timer_create(&tts->timer, tts->loop, on_timer, tts);
    if (err)
        return err;
    speaking_open(tts, SUCCESSION_NOBODY);
    speaking_rest(tts);
    return succession_is_over(&tts->succession, &tts->route) ? ERR_UNREACHABLE : ERR_OK;
}

static enum err open_session(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    if (!settings->route->count)
        return ERR_NOT_FOUND;
    struct tts *tts = calloc(1, sizeof *tts);
    if (!tts)
        return ERR_NOMEM;
    tts->ops = &routed_tts;
    tts->listener = listener;
    tts->owner = owner;
    tts->loop = loop;
    tts->failure = (struct failure){
        .kind = FAILURE_BUSY, .err = ERR_UNREACHABLE, .why = "no provider may be asked now"};
    tts->quiet_ms = speaking_now_ms(tts);
    enum err err = prepare(tts, settings);
    if (err) {
        destroy(tts);
        return err;
    }
    *out = tts;
    return ERR_OK;
}

static enum err send_text(struct tts *tts, uint32_t context, struct slice text, bool flush)
{
    if (speaking_is_over(tts))
        return ERR_CLOSED;
    if (!context)
        return ERR_BAD;
    enum err err;
    struct spoken *spoken = speaking_add(tts, context, &err);
    if (!err)
        err = spoken_text(spoken, text);
    if (err)
        return err;
    if (!tts->is_entered && !tts->mute_ms)
        speaking_enter(tts);
    if (tts->inner && !speaking_ask(tts, spoken, text, flush))
        err = ERR_FULL;
    arm(tts);
    return err;
}

static void end(struct tts *tts, uint32_t context)
{
    struct spoken *spoken = speaking_find(tts, context);
    if (!spoken || spoken->is_ended)
        return;
    spoken->is_ended = true;
    if (tts->inner)
        (void)speaking_ask(tts, spoken, SLICE(""), false);
    arm(tts);
}

static void cancel(struct tts *tts, uint32_t context)
{
    struct spoken *spoken = speaking_find(tts, context);
    if (!spoken)
        return;
    if (tts->inner && spoken->is_asked)
        tts->inner_ops->cancel(tts->inner, context);
    speaking_drop(tts, spoken);
    arm(tts);
}

static void close_session(struct tts *tts)
{
    speaking_leave(tts, NULL);
    net_timer_clear(tts->timer);
    tts->is_closed = true;
    if (!tts->is_busy)
        destroy(tts);
}

const struct tts_ops routed_tts = {"routed", open_session, send_text, end, cancel, close_session};
