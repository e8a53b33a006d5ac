/* Speaking that outlives its providers:

       text, ends ─► contexts, with what of each was given ─► session with one of the route ─► audio, times ─► held until a word
                          ▲                                       │ failed, or owes too long        is whole ─► the owner
                          └──── what was not given is asked ◄─────┘

   A session that fails, or that owes audio while another could be asked, is left; the next is asked for what the owner was not given:
   all of a context that made no sound yet, else from the next word on. What passed through without times cannot be continued:
   on_failed. Voices differ, so the call stays with who speaks until it was silent for a while and the one before may be asked again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/metrics.h"
#include "routing/desk.h"
#include "routing/incident.h"
#include "routing/routed.h"
#include "routing/spoken.h"
#include "routing/succession.h"

/* The engine waits 2800 ms for a sound, of which the model has had a part. */
#define FIRST_PATIENCE_MS 1200
#define NEXT_PATIENCE_MS 2000
#define NOBODY_PATIENCE_MS 1200
#define LOOK_AGAIN_MS 250 /* whether another could be asked */
#define QUIET_MS 20000    /* without speech: another voice is no surprise */
#define CONTEXTS_MOST 24
#define TIMES_AT_ONCE 64

struct tts {
    const struct tts_ops *ops;
    const struct tts_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer;
    struct route route;
    struct tts_settings wishes; /* the call's own; only numbers and the language, which is owned */
    struct succession succession;
    const struct tts_ops *inner_ops;
    struct tts *inner; /* NULL: nobody speaks; the next text opens a session */
    size_t index;      /* of the route: who */
    bool is_entered;   /* at the desk */
    bool was_ready;    /* on_ready was called */
    bool is_busy;      /* inside a callback: freeing waits for its end */
    bool is_closed;
    bool is_final;          /* on_failed was called */
    struct failure failure; /* the last one */
    char why[160];
    uint64_t quiet_ms; /* since when no context is alive */
    uint64_t heard_ms; /* the newest audio of this session */
    uint64_t mute_ms;  /* since when something is to be said and there is no session; 0: not */
    uint64_t look_ms;  /* before that nobody else is looked for */
    unsigned first_ms; /* how long this session's first audio took */
    uint32_t newest;   /* context */
    struct spoken list[CONTEXTS_MOST]; /* alive, in order */
    size_t count;
};

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

static bool is_over(const struct tts *tts)
{
    return tts->is_closed || tts->is_final;
}

static uint64_t now_ms(const struct tts *tts)
{
    return net_loop_now_ms(tts->loop);
}

/* The desk counts who speaks: a session is entered with the first context of a reply, and left with the last. */
static void rest(struct tts *tts)
{
    if (!tts->is_entered || tts->count)
        return;
    tts->is_entered = false;
    desk_leave(tts->route.desk, &tts->route, tts->index, NULL, tts->first_ms);
    tts->first_ms = 0;
}

static void leave_session(struct tts *tts, const struct failure *failure)
{
    if (!tts->inner)
        return;
    tts->inner_ops->close(tts->inner);
    tts->inner = NULL;
    struct desk *desk = tts->route.desk;
    if (failure && !tts->is_entered) /* that is to be known too */
        tts->is_entered = desk_enter(desk, &tts->route, tts->index) == DESK_ENTERED;
    if (tts->is_entered)
        desk_leave(desk, &tts->route, tts->index, failure, failure ? 0 : tts->first_ms);
    tts->is_entered = false;
}

static void keep_failure(struct tts *tts, const struct failure *failure)
{
    snprintf(tts->why, sizeof tts->why, "%s", failure->why ? failure->why : "");
    tts->failure = *failure;
    tts->failure.why = tts->why;
}

static void give_up(struct tts *tts)
{
    if (is_over(tts))
        return;
    leave_session(tts, NULL);
    tts->is_final = true;
    net_timer_clear(tts->timer);
    tts->listener->on_failed(tts->owner, &tts->failure);
}

/* ---- contexts ---- */

static struct spoken *find(struct tts *tts, uint32_t number)
{
    for (size_t i = 0; i < tts->count && !is_over(tts); i++)
        if (tts->list[i].number == number)
            return &tts->list[i];
    return NULL;
}

static struct spoken *find_or_add(struct tts *tts, uint32_t number, enum err *err)
{
    struct spoken *spoken = find(tts, number);
    *err = spoken && spoken->is_ended ? ERR_CLOSED : ERR_OK;
    if (spoken)
        return spoken;
    *err = number <= tts->newest ? ERR_CLOSED : tts->count == CONTEXTS_MOST ? ERR_FULL : ERR_OK;
    if (*err)
        return NULL;
    tts->newest = number;
    spoken = &tts->list[tts->count++];
    spoken_init(spoken, number);
    return spoken;
}

static void drop(struct tts *tts, struct spoken *spoken)
{
    size_t index = (size_t)(spoken - tts->list);
    spoken_free(spoken);
    memmove(spoken, spoken + 1, (tts->count - index - 1) * sizeof *spoken);
    if (--tts->count)
        return;
    tts->quiet_ms = now_ms(tts);
    tts->mute_ms = 0;
    rest(tts);
}

static void end_context(struct tts *tts, uint32_t number)
{
    struct spoken *spoken = find(tts, number);
    if (!spoken)
        return;
    drop(tts, spoken);
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

/* When the session has had its time; UINT64_MAX: it owes nothing, or nobody else could be asked. */
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
        return now_ms(tts);
    if (tts->inner)
        return patience_ms(tts);
    if (!tts->mute_ms)
        return UINT64_MAX;
    uint64_t due_ms = succession_due_ms(&tts->succession, &tts->route);
    uint64_t by_ms = tts->mute_ms + NOBODY_PATIENCE_MS;
    return due_ms < by_ms ? due_ms : by_ms;
}

static void arm(struct tts *tts)
{
    if (is_over(tts))
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

/* ---- one session after the other ---- */

static const struct tts_listener inner_listener;

static void note_failure(struct tts *tts, const struct failure *failure)
{
    incident_failed(&tts->route, tts->index, failure);
    succession_failed(&tts->succession, tts->index, failure, now_ms(tts));
}

static enum err open_inner(struct tts *tts, size_t index)
{
    struct tts_settings settings = route_tts(&tts->route, index, &tts->wishes);
    tts->index = index;
    tts->inner_ops = tts->route.list[index].provider->driver->tts;
    tts->heard_ms = tts->first_ms = 0;
    enum err err = tts->inner_ops->open(&tts->inner, tts->loop, &settings, &inner_listener, tts);
    tts->is_entered = !err;
    if (!err)
        return ERR_OK;
    tts->inner = NULL;
    keep_failure(tts,
        &(struct failure){.kind = failure_of_err(err), .err = err, .why = "cannot open a session"});
    desk_leave(tts->route.desk, &tts->route, index, &tts->failure, 0);
    note_failure(tts, &tts->failure);
    return err;
}

/* `index` has entered already, or is SUCCESSION_NOBODY. */
static void open_some(struct tts *tts, size_t index)
{
    if (index == SUCCESSION_NOBODY)
        index = succession_insist(&tts->succession, &tts->route, now_ms(tts));
    while (index != SUCCESSION_NOBODY && open_inner(tts, index) != ERR_OK)
        index = succession_insist(&tts->succession, &tts->route, now_ms(tts));
}

/* False: the session does not take it. */
static bool ask(struct tts *tts, struct spoken *spoken, struct slice text, bool flush)
{
    if (text.len && tts->inner_ops->text(tts->inner, spoken->number, text, flush) != ERR_OK)
        return false;
    spoken->is_asked |= text.len > 0;
    if (spoken->is_ended && spoken->is_asked)
        tts->inner_ops->end(tts->inner, spoken->number);
    spoken->is_over = spoken->is_ended && !spoken->is_asked;
    if (text.len)
        spoken->asked_ms = now_ms(tts);
    return true;
}

/* A session was opened while something waits to be said. */
static void ask_all(struct tts *tts)
{
    bool is_taken = true;
    tts->mute_ms = 0;
    for (size_t i = 0; i < tts->count && is_taken; i++)
        is_taken = ask(tts, &tts->list[i], spoken_rest(&tts->list[i]), true);
    if (!is_taken) {
        keep_failure(tts,
            &(struct failure){.kind = FAILURE_OURS, .err = ERR_FULL, .why = "it takes no text"});
        give_up(tts);
    }
}

/* For what waits. */
static void go_on(struct tts *tts, size_t next)
{
    size_t from = tts->index;
    open_some(tts, next);
    if (tts->inner) {
        succession_tell(&tts->route, from, tts->index);
        ask_all(tts);
    } else if (succession_is_over(&tts->succession, &tts->route)) {
        give_up(tts);
    } else if (!tts->mute_ms) {
        tts->mute_ms = now_ms(tts);
    }
}

/* Words that were cut are told, and left out. */
static void skip_torn(struct tts *tts, uint32_t number)
{
    struct spoken *spoken;
    struct tts_timing timing;
    while ((spoken = find(tts, number)) && spoken_skip(spoken, &timing))
        tts->listener->on_timings(tts->owner, number, &timing, 1);
}

/* False: one cannot be continued. */
static bool rewind_all(struct tts *tts)
{
    uint32_t numbers[CONTEXTS_MOST];
    size_t count = tts->count;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = tts->list[i].number;
        if (!tts->list[i].is_over && !spoken_rewind(&tts->list[i]))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        skip_torn(tts, numbers[i]);
    return true;
}

static void lose(struct tts *tts, const struct failure *failure, size_t next)
{
    keep_failure(tts, failure);
    leave_session(tts, &tts->failure);
    note_failure(tts, &tts->failure);
    if (!rewind_all(tts))
        give_up(tts);
    else if (!is_over(tts) && (tts->count || next != SUCCESSION_NOBODY))
        go_on(tts, next);
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
    while (count && (spoken = find(tts, number))) {
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
    struct spoken *spoken = find(tts, number);
    if (spoken)
        spoken_ready(spoken, is_all, now_ms(tts), &times, &bytes);
    tell_times(tts, number, times);
    while (bytes && (spoken = find(tts, number))) {
        uint8_t piece[4096];
        struct slice front = spoken_front(spoken, bytes < sizeof piece ? bytes : sizeof piece);
        memcpy(piece, front.data, front.len);
        spoken_given(spoken, front.len, now_ms(tts));
        bytes -= front.len;
        tts->listener->on_audio(tts->owner, number, piece, front.len);
    }
}

/* Of another text, or lost: they pass through, where they count from the context's first audio. */
static void pass_times(
    struct tts *tts, uint32_t number, const struct tts_timing *timings, size_t count)
{
    give(tts, number, true);
    const struct spoken *spoken = find(tts, number);
    if (!spoken)
        return;
    bool is_lost = !count || spoken->before_ms;
    tts->listener->on_timings(tts->owner, number, is_lost ? NULL : timings, is_lost ? 0 : count);
}

static void on_timings(void *owner, uint32_t number, const struct tts_timing *timings, size_t count)
{
    struct tts *tts = owner;
    struct spoken *spoken = find(tts, number);
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
        tts->first_ms = (unsigned)later(now_ms(tts) - spoken->asked_ms, 1);
    if (tts->listener->on_source)
        tts->listener->on_source(tts->owner, spoken->number,
            route_provider(&tts->route, tts->index), route_model(&tts->route, tts->index));
}

static void on_audio(void *owner, uint32_t number, const uint8_t *ulaw, size_t len)
{
    struct tts *tts = owner;
    struct spoken *spoken = find(tts, number);
    if (!spoken || !len)
        return;
    enter(tts);
    tts->heard_ms = now_ms(tts);
    if (!spoken->heard_ms)
        note_first_audio(tts, spoken);
    spoken = find(tts, number);
    if (spoken && !spoken_take_audio(spoken, ulaw, len, now_ms(tts)))
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
    lose(tts, failure, SUCCESSION_NOBODY);
    leave(tts);
}

static const struct tts_listener inner_listener = {.on_ready = on_ready,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* ---- what is due ---- */

static void end_what_is_over(struct tts *tts)
{
    for (size_t i = 0; i < tts->count && !is_over(tts);) {
        if (tts->list[i].is_over)
            end_context(tts, tts->list[i].number);
        else
            i++;
    }
}

/* The session has had its time: another goes on, when there is one. */
static void give_turn_away(struct tts *tts)
{
    size_t next = succession_enter(&tts->succession, &tts->route, ~(1u << tts->index), now_ms(tts));
    tts->look_ms = now_ms(tts) + LOOK_AGAIN_MS;
    if (next != SUCCESSION_NOBODY)
        lose(tts,
            &(struct failure){.kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "no audio in time"},
            next);
}

static void look_for_somebody(struct tts *tts)
{
    go_on(tts, SUCCESSION_NOBODY);
    if (!tts->inner && now_ms(tts) >= tts->mute_ms + NOBODY_PATIENCE_MS)
        give_up(tts);
}

static void on_timer(void *owner)
{
    struct tts *tts = owner;
    enter(tts);
    end_what_is_over(tts);
    if (!is_over(tts) && !tts->inner && tts->mute_ms)
        look_for_somebody(tts);
    else if (!is_over(tts) && tts->inner && patience_ms(tts) <= now_ms(tts))
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
    open_some(tts, SUCCESSION_NOBODY);
    rest(tts);
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
    tts->quiet_ms = now_ms(tts);
    enum err err = prepare(tts, settings);
    if (err) {
        destroy(tts);
        return err;
    }
    *out = tts;
    return ERR_OK;
}

/* At the first text of a reply: with whom the call heard last, when that may be asked; after a silence, with whom it would rather hear. */
static void enter_desk(struct tts *tts)
{
    size_t index = SUCCESSION_NOBODY;
    if (now_ms(tts) < tts->quiet_ms + QUIET_MS)
        index = succession_enter(&tts->succession, &tts->route, 1u << tts->index, now_ms(tts));
    if (index == SUCCESSION_NOBODY)
        index = succession_insist(&tts->succession, &tts->route, now_ms(tts));
    tts->is_entered = tts->inner && index == tts->index;
    if (!tts->is_entered) {
        leave_session(tts, NULL);
        if (index != SUCCESSION_NOBODY)
            open_some(tts, index);
    }
    tts->mute_ms = tts->inner ? 0 : later(now_ms(tts), 1);
}

static enum err send_text(struct tts *tts, uint32_t context, struct slice text, bool flush)
{
    if (is_over(tts))
        return ERR_CLOSED;
    if (!context)
        return ERR_BAD;
    enum err err;
    struct spoken *spoken = find_or_add(tts, context, &err);
    if (!err)
        err = spoken_text(spoken, text);
    if (err)
        return err;
    if (!tts->is_entered && !tts->mute_ms)
        enter_desk(tts);
    if (tts->inner && !ask(tts, spoken, text, flush))
        err = ERR_FULL;
    arm(tts);
    return err;
}

static void end(struct tts *tts, uint32_t context)
{
    struct spoken *spoken = find(tts, context);
    if (!spoken || spoken->is_ended)
        return;
    spoken->is_ended = true;
    if (tts->inner)
        (void)ask(tts, spoken, SLICE(""), false);
    arm(tts);
}

static void cancel(struct tts *tts, uint32_t context)
{
    struct spoken *spoken = find(tts, context);
    if (!spoken)
        return;
    if (tts->inner && spoken->is_asked)
        tts->inner_ops->cancel(tts->inner, context);
    drop(tts, spoken);
    arm(tts);
}

static void close_session(struct tts *tts)
{
    leave_session(tts, NULL);
    net_timer_clear(tts->timer);
    tts->is_closed = true;
    if (!tts->is_busy)
        destroy(tts);
}

const struct tts_ops routed_tts = {"routed", open_session, send_text, end, cancel, close_session};
