/* Speaking that outlives its providers:

       text, ends ─► contexts, with what of each was given ─► session with one of the route ─► audio, times ─► held until a word
                          ▲                                       │ failed, or owes too long        is whole ─► the owner
                          └──── what was not given is asked ◄─────┘

   A session that fails, or that owes audio while another could be asked, is left; the next is asked for what the owner was not given:
   all of a context that made no sound yet, else from the next word on. What passed through without times cannot be continued:
   on_failed. Voices differ, so the call stays with who speaks until it was silent for a while and the one before may be asked again. */
#include <stdlib.h>
#include <string.h>

#include "routing/routed.h"
#include "routing/speaking.h"

/* The engine waits 2800 ms for a sound, of which the model has had a part. */
#define FIRST_PATIENCE_MS 1000
#define NEXT_PATIENCE_MS 2000
#define DRY_PATIENCE_MS 1500 /* silence in the middle of a reply, whoever else is there */
#define NOBODY_PATIENCE_MS 1200
#define LATE_MS 1500      /* who made no sound for so long was late, whoever gave it up */
#define LOOK_AGAIN_MS 250 /* whether another could be asked */

static const struct failure no_audio = {
    .kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "no audio in time"};

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

void speaking_begin_callback(struct tts *tts)
{
    tts->is_busy = true;
}

void speaking_end_callback(struct tts *tts)
{
    tts->is_busy = false;
    if (tts->is_closed)
        destroy(tts);
    else
        arm(tts);
}

/* ---- what is due ---- */

static void end_what_is_over(struct tts *tts)
{
    for (size_t i = 0; i < tts->count && !speaking_is_over(tts);) {
        if (tts->list[i].is_over)
            speaking_end(tts, tts->list[i].number);
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
        speaking_lose(tts, &no_audio, next);
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
    speaking_begin_callback(tts);
    end_what_is_over(tts);
    if (!speaking_is_over(tts) && !tts->inner && tts->mute_ms)
        look_for_somebody(tts);
    else if (!speaking_is_over(tts) && tts->inner &&
             sooner(patience_ms(tts), dry_by_ms(tts)) <= speaking_now_ms(tts))
        give_turn_away(tts);
    speaking_end_callback(tts);
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
    kept_failure_set(&tts->failure,
        &(struct failure){
            .kind = FAILURE_BUSY, .err = ERR_UNREACHABLE, .why = "no provider may be asked now"});
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
    if (err)
        return err;
    if (!spoken_is_owed(spoken))
        spoken->asked_ms = speaking_now_ms(tts);
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

static bool is_late(const struct tts *tts, const struct spoken *spoken)
{
    return tts->inner && spoken->is_asked && !spoken->heard_ms && spoken_is_owed(spoken) &&
           speaking_now_ms(tts) >= later(spoken->asked_ms, tts->heard_ms) + LATE_MS;
}

/* A session that made no sound is not asked again: its connection may lead nowhere. */
static void cancel(struct tts *tts, uint32_t context)
{
    struct spoken *spoken = speaking_find(tts, context);
    if (!spoken)
        return;
    tts->is_late |= is_late(tts, spoken);
    if (tts->inner && spoken->is_asked)
        tts->inner_ops->cancel(tts->inner, context);
    if (tts->count == 1 && tts->is_late && tts->inner)
        speaking_fail(tts, &no_audio);
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
