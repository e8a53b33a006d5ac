/* Hearing that outlives its providers:

       frames, commits ─► what was not heard yet ─► session with one of the route ─► partials, finals ─► the owner's items
                                ▲                        │ failed, or owes too long
                                └────── said again ◄─────┘

   A session is given what was said once it is ready, and owes a final for each item. One that fails, or that owes and tells nothing
   while another could be asked, is left; the next is given the same words and commits. The owner sees the numbers it was given, each final
   once, and partials that do not shrink. When nobody can be asked while somebody speaks, on_failed. */
#include <stdlib.h>

#include "routing/desk.h"
#include "routing/listening.h"
#include "routing/routed.h"

/* The engine waits 2800 ms for a transcript: another provider must be able to give it in what is left. */
#define READY_PATIENCE_MS 1200
#define FINAL_PATIENCE_MS 1100
#define SHOWN_PATIENCE_MS 1600 /* for an item whose words are known from a partial */
#define NOBODY_PATIENCE_MS 1500
#define LOOK_AGAIN_MS 250 /* whether another could be asked */

/* ---- life ---- */

static void destroy(struct stt *stt)
{
    net_timer_destroy(stt->timer);
    unheard_free(&stt->unheard);
    route_clear(&stt->route);
    free(stt->language);
    free(stt);
}

/* ---- time ---- */

/* Who is slow, but tells more and more, is not left for one that would hear all of it from the start. */
static uint64_t owed_ms(const struct stt *stt)
{
    const struct unheard_item *item = unheard_owed((struct unheard *)&stt->unheard);
    if (!item)
        return UINT64_MAX;
    unsigned own_ms = stt->route.list[stt->index].provider->stt.answer_timeout_ms;
    unsigned usual_ms = item->shown.len ? SHOWN_PATIENCE_MS : FINAL_PATIENCE_MS;
    if (own_ms)
        return item->asked_ms + own_ms;
    return (item->asked_ms > stt->told_ms ? item->asked_ms : stt->told_ms) + usual_ms;
}

static uint64_t ready_by_ms(const struct stt *stt)
{
    if (stt->is_ready || !stt->deaf_ms)
        return UINT64_MAX;
    uint64_t since_ms = stt->deaf_ms > stt->opened_ms ? stt->deaf_ms : stt->opened_ms;
    return since_ms + READY_PATIENCE_MS;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the session has had its time; UINT64_MAX: it owes nothing, or nobody else could be asked. */
static uint64_t patience_ms(const struct stt *stt)
{
    uint64_t due_ms = least(owed_ms(stt), ready_by_ms(stt));
    return due_ms == UINT64_MAX || stt->route.count == 1
               ? UINT64_MAX
               : (due_ms > stt->look_ms ? due_ms : stt->look_ms);
}

static uint64_t deadline_ms(const struct stt *stt)
{
    if (stt->is_failing || unheard_over((struct unheard *)&stt->unheard))
        return listening_now_ms(stt);
    if (stt->inner)
        return patience_ms(stt);
    uint64_t due_ms = succession_due_ms(&stt->succession, &stt->route);
    return stt->deaf_ms ? least(due_ms, stt->deaf_ms + NOBODY_PATIENCE_MS) : due_ms;
}

static void arm(struct stt *stt)
{
    if (listening_is_over(stt))
        return;
    uint64_t due_ms = deadline_ms(stt);
    if (due_ms == UINT64_MAX)
        net_timer_clear(stt->timer);
    else
        net_timer_set(stt->timer, due_ms);
}

void listening_enter(struct stt *stt)
{
    stt->is_busy = true;
}

void listening_leave(struct stt *stt)
{
    stt->is_busy = false;
    if (stt->is_closed)
        destroy(stt);
    else
        arm(stt);
}

/* ---- what is due ---- */

static void give_finals(struct stt *stt)
{
    struct unheard_item *item;
    while (!listening_is_over(stt) && (item = unheard_over(&stt->unheard))) {
        char *text = item->final;
        item->final = NULL;
        listening_give_final(stt, item, slice_from(text));
        free(text);
    }
}

/* The session has had its time: another goes on, when there is one. */
static void give_turn_away(struct stt *stt)
{
    size_t next =
        succession_enter(&stt->succession, &stt->route, ~(1u << stt->index), listening_now_ms(stt));
    stt->look_ms = listening_now_ms(stt) + LOOK_AGAIN_MS;
    if (next != SUCCESSION_NOBODY)
        listening_lose(stt,
            &(struct failure){.kind = FAILURE_LATE,
                .err = ERR_TIMEOUT,
                .why = stt->is_ready ? "no transcript in time" : "not ready in time"},
            next);
}

static void look_for_somebody(struct stt *stt)
{
    if (!listening_is_waiting(stt))
        stt->deaf_ms = 0;
    listening_go_on(stt, SUCCESSION_NOBODY);
    if (!stt->inner && stt->deaf_ms && listening_now_ms(stt) >= stt->deaf_ms + NOBODY_PATIENCE_MS)
        listening_give_up(stt);
}

static void on_timer(void *owner)
{
    struct stt *stt = owner;
    listening_enter(stt);
    give_finals(stt);
    if (listening_is_over(stt)) {
        listening_leave(stt);
        return;
    }
    if (stt->is_failing)
        listening_lose(stt, &stt->failure.of, SUCCESSION_NOBODY);
    else if (!stt->inner)
        look_for_somebody(stt);
    else if (patience_ms(stt) <= listening_now_ms(stt))
        give_turn_away(stt);
    listening_leave(stt);
}

/* ---- the interface ---- */

static enum err prepare(struct stt *stt, const struct stt_settings *settings)
{
    route_copy(&stt->route, settings->route);
    stt->language = slice_dup(slice_from(settings->language));
    if (!stt->language)
        return ERR_NOMEM;
    enum err err = net_timer_create(&stt->timer, stt->loop, on_timer, stt);
    if (err)
        return err;
    listening_open(stt, SUCCESSION_NOBODY);
    return succession_is_over(&stt->succession, &stt->route) ? ERR_UNREACHABLE : ERR_OK;
}

static enum err open_session(struct stt **out, struct net_loop *loop,
    const struct stt_settings *settings, const struct stt_listener *listener, void *owner)
{
    if (!settings->route->count)
        return ERR_NOT_FOUND;
    struct stt *stt = calloc(1, sizeof *stt);
    if (!stt)
        return ERR_NOMEM;
    stt->ops = &routed_stt;
    stt->listener = listener;
    stt->owner = owner;
    stt->loop = loop;
    kept_failure_set(&stt->failure,
        &(struct failure){
            .kind = FAILURE_BUSY, .err = ERR_UNREACHABLE, .why = "no provider may be asked now"});
    enum err err = prepare(stt, settings);
    if (err) {
        destroy(stt);
        return err;
    }
    arm(stt);
    *out = stt;
    return ERR_OK;
}

static void take_audio(struct stt *stt, const uint8_t ulaw[FRAME_BYTES])
{
    if (listening_is_over(stt))
        return;
    unheard_put(&stt->unheard, ulaw);
    stt->spoken_ms = listening_now_ms(stt);
    bool was_heard = stt->is_ready || stt->deaf_ms;
    if (!stt->is_ready && !stt->deaf_ms && listening_is_waiting(stt))
        stt->deaf_ms = listening_now_ms(stt);
    listening_pump(stt);
    desk_note_unheard(
        stt->route.desk, (stt->unheard.written - stt->unheard.given) / UNHEARD_BYTES_PER_MS);
    if (!was_heard || stt->is_failing)
        arm(stt);
}

static uint32_t commit(struct stt *stt)
{
    uint32_t number = listening_is_over(stt) ? 0 : unheard_commit(&stt->unheard);
    if (!number)
        return 0;
    listening_pump(stt);
    arm(stt);
    return number;
}

static void close_session(struct stt *stt)
{
    listening_stop(stt, NULL);
    net_timer_clear(stt->timer);
    stt->is_closed = true;
    if (!stt->is_busy)
        destroy(stt);
}

const struct stt_ops routed_stt = {"routed", open_session, take_audio, commit, close_session};
