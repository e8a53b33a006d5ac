/* Hearing that outlives its providers:

       frames, commits ─► what was not heard yet ─► session with one of the route ─► partials, finals ─► the owner's items
                                ▲                        │ failed, or owes too long
                                └────── said again ◄─────┘

   A session is given what was said once it is ready, and owes a final for each item. One that fails, or that owes while another
   could be asked, is left; the next is given the same words and commits. The owner sees the numbers it was given, each final
   once, and partials that do not shrink. When nobody can be asked while somebody speaks, on_failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/desk.h"
#include "routing/incident.h"
#include "routing/routed.h"
#include "routing/succession.h"
#include "routing/unheard.h"
#include "routing/usage.h"

/* The engine waits 2800 ms for a transcript: another provider must be able to give it in what is left. */
#define READY_PATIENCE_MS 1200
#define FINAL_PATIENCE_MS 1300
#define SHOWN_PATIENCE_MS 2500 /* for an item whose words are known from a partial */
#define NOBODY_PATIENCE_MS 1500
#define LOOK_AGAIN_MS 250 /* whether another could be asked */
#define SPEECH_MS 1000    /* what is not committed for so long was nothing, or is over */

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer;
    struct route route;
    char *language;
    struct succession succession;
    const struct stt_ops *inner_ops;
    struct stt *inner; /* NULL: nobody hears */
    size_t index;      /* of the route: who */
    bool is_ready;     /* the session is */
    bool was_ready;    /* on_ready was called */
    bool
        is_failing; /* the session failed while it was given something: `failure` is dealt with later */
    bool is_giving;
    bool is_busy; /* inside a callback: freeing waits for its end */
    bool is_closed;
    bool is_final;          /* on_failed was called */
    struct failure failure; /* the last one */
    char why[160];
    uint64_t opened_ms;
    uint64_t spoken_ms; /* the newest frame */
    uint64_t deaf_ms;   /* since when something is said and no session is ready; 0: not */
    uint64_t look_ms;   /* before that nobody else is looked for */
    uint32_t asked;     /* items, of this session */
    bool has_answered;  /* this session */
    struct unheard unheard;
};

/* ---- life ---- */

static void destroy(struct stt *stt)
{
    net_timer_destroy(stt->timer);
    unheard_free(&stt->unheard);
    route_clear(&stt->route);
    free(stt->language);
    free(stt);
}

static bool is_over(const struct stt *stt)
{
    return stt->is_closed || stt->is_final;
}

static uint64_t now_ms(const struct stt *stt)
{
    return net_loop_now_ms(stt->loop);
}

static void leave_session(struct stt *stt, const struct failure *failure)
{
    if (!stt->inner)
        return;
    stt->inner_ops->close(stt->inner);
    stt->inner = NULL;
    stt->is_ready = stt->is_failing = false;
    desk_leave(stt->route.desk, &stt->route, stt->index, failure, 0);
}

static void keep_failure(struct stt *stt, const struct failure *failure)
{
    if (failure == &stt->failure)
        return;
    snprintf(stt->why, sizeof stt->why, "%s", failure->why ? failure->why : "");
    stt->failure = *failure;
    stt->failure.why = stt->why;
}

static void give_up(struct stt *stt)
{
    if (is_over(stt))
        return;
    bool is_for_good = succession_is_over(&stt->succession, &stt->route);
    if (!is_for_good && failure_rule(stt->failure.kind)->is_for_people)
        stt->failure.kind = FAILURE_BUSY; /* of the one that may be back */
    stt->is_final = true;
    net_timer_clear(stt->timer);
    stt->listener->on_failed(stt->owner, &stt->failure);
}

/* ---- what is said ---- */

/* A voice that nobody hears. What stays uncommitted after it was noise. */
static bool is_waiting(const struct stt *stt)
{
    const struct unheard *unheard = &stt->unheard;
    bool is_speech = unheard->written - unheard->commit_end >= UNHEARD_LEAST_BYTES &&
                     now_ms(stt) - stt->spoken_ms < SPEECH_MS;
    return unheard->count || is_speech;
}

static void give_frames(struct stt *stt, uint64_t end)
{
    uint8_t frame[FRAME_BYTES];
    uint64_t given_ms = 0;
    while (!stt->is_failing && unheard_next_frame(&stt->unheard, end, frame)) {
        stt->inner_ops->audio(stt->inner, frame);
        given_ms += FRAME_MS;
    }
    if (given_ms)
        route_used(&stt->route, stt->index, &(struct usage_amount){.audio_ms = given_ms});
}

static void give_item(struct stt *stt, struct unheard_item *item)
{
    give_frames(stt, item->end);
    item->inner = stt->asked + 1; /* it may be told of within the call */
    item->asked_ms = now_ms(stt);
    uint32_t inner = stt->is_failing ? 0 : stt->inner_ops->commit(stt->inner);
    if (inner)
        stt->asked = item->inner = inner;
    else if (!stt->is_failing)
        item->is_over = true; /* nothing of it was kept */
}

static void pump(struct stt *stt)
{
    struct unheard_item *item;
    if (!stt->is_ready || stt->is_failing)
        return;
    stt->is_giving = true;
    while (!stt->is_failing && (item = unheard_next_item(&stt->unheard)))
        give_item(stt, item);
    give_frames(stt, stt->unheard.written);
    stt->is_giving = false;
}

/* ---- time ---- */

static uint64_t owed_ms(const struct stt *stt)
{
    const struct unheard_item *item = unheard_owed((struct unheard *)&stt->unheard);
    if (!item)
        return UINT64_MAX;
    unsigned own_ms = stt->route.list[stt->index].provider->stt.answer_timeout_ms;
    unsigned usual_ms = item->shown.len ? SHOWN_PATIENCE_MS : FINAL_PATIENCE_MS;
    return item->asked_ms + (own_ms ? own_ms : usual_ms);
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
        return now_ms(stt);
    if (stt->inner)
        return patience_ms(stt);
    uint64_t due_ms = succession_due_ms(&stt->succession, &stt->route);
    return stt->deaf_ms ? least(due_ms, stt->deaf_ms + NOBODY_PATIENCE_MS) : due_ms;
}

static void arm(struct stt *stt)
{
    if (is_over(stt))
        return;
    uint64_t due_ms = deadline_ms(stt);
    if (due_ms == UINT64_MAX)
        net_timer_clear(stt->timer);
    else
        net_timer_set(stt->timer, due_ms);
}

static void enter(struct stt *stt)
{
    stt->is_busy = true;
}

static void leave(struct stt *stt)
{
    stt->is_busy = false;
    if (stt->is_closed)
        destroy(stt);
    else
        arm(stt);
}

/* ---- one session after the other ---- */

static const struct stt_listener inner_listener;

static void note_failure(struct stt *stt, const struct failure *failure)
{
    incident_failed(&stt->route, stt->index, failure);
    succession_failed(&stt->succession, stt->index, failure, now_ms(stt));
}

static enum err open_inner(struct stt *stt, size_t index)
{
    struct stt_settings base = {.language = stt->language};
    struct stt_settings settings = route_stt(&stt->route, index, &base);
    stt->index = index;
    stt->inner_ops = stt->route.list[index].provider->driver->stt;
    stt->opened_ms = now_ms(stt);
    stt->asked = 0;
    stt->has_answered = false;
    unheard_rewind(&stt->unheard);
    enum err err = stt->inner_ops->open(&stt->inner, stt->loop, &settings, &inner_listener, stt);
    if (!err)
        return ERR_OK;
    stt->inner = NULL;
    keep_failure(stt,
        &(struct failure){.kind = failure_of_err(err), .err = err, .why = "cannot open a session"});
    desk_leave(stt->route.desk, &stt->route, index, &stt->failure, 0);
    note_failure(stt, &stt->failure);
    return err;
}

/* `index` has entered already, or is SUCCESSION_NOBODY. */
static void open_next(struct stt *stt, size_t index)
{
    size_t from = stt->index;
    if (index == SUCCESSION_NOBODY)
        index = succession_insist(&stt->succession, &stt->route, now_ms(stt));
    while (index != SUCCESSION_NOBODY && open_inner(stt, index) != ERR_OK)
        index = succession_insist(&stt->succession, &stt->route, now_ms(stt));
    if (stt->inner)
        succession_tell(&stt->route, from, stt->index);
    else if (succession_is_over(&stt->succession, &stt->route))
        give_up(stt);
}

static void lose(struct stt *stt, const struct failure *failure, size_t next)
{
    keep_failure(stt, failure);
    leave_session(stt, &stt->failure);
    note_failure(stt, &stt->failure);
    if (!stt->deaf_ms && is_waiting(stt))
        stt->deaf_ms = now_ms(stt);
    open_next(stt, next);
}

/* ---- what the session tells ---- */

static void on_ready(void *owner)
{
    struct stt *stt = owner;
    enter(stt);
    stt->is_ready = true;
    stt->deaf_ms = 0;
    if (stt->listener->on_source)
        stt->listener->on_source(stt->owner, route_provider(&stt->route, stt->index),
            route_model(&stt->route, stt->index));
    if (!stt->was_ready && !is_over(stt)) {
        stt->was_ready = true;
        stt->listener->on_ready(stt->owner);
    }
    if (!is_over(stt))
        pump(stt);
    leave(stt);
}

/* `since_ms`: when it was asked for what it answers. */
static void note_answer(struct stt *stt, uint64_t since_ms)
{
    succession_worked(&stt->succession, stt->index);
    if (stt->has_answered)
        return;
    stt->has_answered = true;
    unsigned took_ms = (unsigned)(now_ms(stt) - since_ms);
    desk_answered(stt->route.desk, &stt->route, stt->index, took_ms ? took_ms : 1);
}

static void on_partial(void *owner, uint32_t inner, struct slice text)
{
    struct stt *stt = owner;
    struct unheard_item *item = unheard_find(&stt->unheard, inner);
    bool is_being_said = !item && inner == stt->asked + 1;
    struct unheard_shown *shown = item ? &item->shown : &stt->unheard.shown;
    if ((!item && !is_being_said) || !unheard_show(shown, text.len))
        return;
    enter(stt);
    stt->listener->on_partial(stt->owner, item ? item->number : stt->unheard.newest + 1, text);
    leave(stt);
}

/* Their times count from the first frame of all. */
static void give_words(
    struct stt *stt, uint32_t number, const struct stt_word *words, size_t count, bool is_estimated)
{
    uint32_t before_ms = (uint32_t)(stt->unheard.begun_at / UNHEARD_BYTES_PER_MS);
    struct stt_word *moved = before_ms ? malloc(count * sizeof *moved) : NULL;
    if (before_ms && !moved)
        return;
    for (size_t i = 0; moved && i < count; i++)
        moved[i] = (struct stt_word){
            words[i].text, words[i].start_ms + before_ms, words[i].end_ms + before_ms};
    stt->listener->on_words(stt->owner, number, moved ? moved : words, count, is_estimated);
    free(moved);
}

static void on_words(
    void *owner, uint32_t inner, const struct stt_word *words, size_t count, bool is_estimated)
{
    struct stt *stt = owner;
    const struct unheard_item *item = unheard_find(&stt->unheard, inner);
    if (!item || !stt->listener->on_words || stt->is_giving)
        return;
    enter(stt);
    give_words(stt, item->number, words, count, is_estimated);
    leave(stt);
}

static void give_final(struct stt *stt, struct unheard_item *item, struct slice text)
{
    uint32_t number = item->number;
    unheard_remove(&stt->unheard, item);
    stt->listener->on_final(stt->owner, number, text);
}

static void on_final(void *owner, uint32_t inner, struct slice text)
{
    struct stt *stt = owner;
    struct unheard_item *item = unheard_find(&stt->unheard, inner);
    if (!item)
        return;
    note_answer(stt, item->asked_ms);
    if (stt->is_giving) { /* the owner is not told while it asks */
        item->final = slice_dup(text);
        item->is_over = true;
        return;
    }
    enter(stt);
    give_final(stt, item, text);
    leave(stt);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct stt *stt = owner;
    if (stt->is_giving) {
        keep_failure(stt, failure);
        stt->is_failing = true;
        return;
    }
    enter(stt);
    lose(stt, failure, SUCCESSION_NOBODY);
    leave(stt);
}

static const struct stt_listener inner_listener = {.on_ready = on_ready,
    .on_partial = on_partial,
    .on_words = on_words,
    .on_final = on_final,
    .on_failed = on_failed};

/* ---- what is due ---- */

static void give_finals(struct stt *stt)
{
    struct unheard_item *item;
    while (!is_over(stt) && (item = unheard_over(&stt->unheard))) {
        char *text = item->final;
        item->final = NULL;
        give_final(stt, item, slice_from(text));
        free(text);
    }
}

/* The session has had its time: another goes on, when there is one. */
static void give_turn_away(struct stt *stt)
{
    size_t next = succession_enter(&stt->succession, &stt->route, ~(1u << stt->index), now_ms(stt));
    stt->look_ms = now_ms(stt) + LOOK_AGAIN_MS;
    if (next != SUCCESSION_NOBODY)
        lose(stt,
            &(struct failure){.kind = FAILURE_LATE,
                .err = ERR_TIMEOUT,
                .why = stt->is_ready ? "no transcript in time" : "not ready in time"},
            next);
}

static void look_for_somebody(struct stt *stt)
{
    if (!is_waiting(stt))
        stt->deaf_ms = 0;
    open_next(stt, SUCCESSION_NOBODY);
    if (!stt->inner && stt->deaf_ms && now_ms(stt) >= stt->deaf_ms + NOBODY_PATIENCE_MS)
        give_up(stt);
}

static void on_timer(void *owner)
{
    struct stt *stt = owner;
    enter(stt);
    give_finals(stt);
    if (is_over(stt)) {
        leave(stt);
        return;
    }
    if (stt->is_failing)
        lose(stt, &stt->failure, SUCCESSION_NOBODY);
    else if (!stt->inner)
        look_for_somebody(stt);
    else if (patience_ms(stt) <= now_ms(stt))
        give_turn_away(stt);
    leave(stt);
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
    size_t index;
    while ((index = succession_insist(&stt->succession, &stt->route, now_ms(stt))) !=
           SUCCESSION_NOBODY)
        if (open_inner(stt, index) == ERR_OK)
            break;
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
    stt->failure = (struct failure){
        .kind = FAILURE_BUSY, .err = ERR_UNREACHABLE, .why = "no provider may be asked now"};
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
    if (is_over(stt))
        return;
    unheard_put(&stt->unheard, ulaw);
    stt->spoken_ms = now_ms(stt);
    bool was_heard = stt->is_ready || stt->deaf_ms;
    if (!stt->is_ready && !stt->deaf_ms && is_waiting(stt))
        stt->deaf_ms = now_ms(stt);
    pump(stt);
    if (!was_heard || stt->is_failing)
        arm(stt);
}

static uint32_t commit(struct stt *stt)
{
    uint32_t number = is_over(stt) ? 0 : unheard_commit(&stt->unheard);
    if (!number)
        return 0;
    pump(stt);
    arm(stt);
    return number;
}

static void close_session(struct stt *stt)
{
    leave_session(stt, NULL);
    net_timer_clear(stt->timer);
    stt->is_closed = true;
    if (!stt->is_busy)
        destroy(stt);
}

const struct stt_ops routed_stt = {"routed", open_session, take_audio, commit, close_session};
