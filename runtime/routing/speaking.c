#include "routing/speaking.h"

#include <string.h>

#include "routing/desk.h"
#include "routing/usage.h"

#define QUIET_MS 20000 /* without speech: another voice is no surprise */

bool speaking_is_over(const struct tts *tts)
{
    return tts->is_closed || tts->is_final;
}

uint64_t speaking_now_ms(const struct tts *tts)
{
    return net_loop_now_ms(tts->loop);
}

/* ---- the desk, and the end of a session ---- */

void speaking_rest(struct tts *tts)
{
    if (!tts->is_entered || tts->count)
        return;
    tts->is_entered = false;
    desk_leave(tts->route.desk, &tts->route, tts->index, NULL, tts->first_ms);
    tts->first_ms = 0;
}

void speaking_leave(struct tts *tts, const struct failure *failure)
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

void speaking_give_up(struct tts *tts)
{
    if (speaking_is_over(tts))
        return;
    speaking_leave(tts, NULL);
    tts->is_final = true;
    net_timer_clear(tts->timer);
    tts->listener->on_failed(tts->owner, &tts->failure.of);
}

/* ---- contexts ---- */

struct spoken *speaking_find(struct tts *tts, uint32_t number)
{
    for (size_t i = 0; i < tts->count && !speaking_is_over(tts); i++)
        if (tts->list[i].number == number)
            return &tts->list[i];
    return NULL;
}

struct spoken *speaking_add(struct tts *tts, uint32_t number, enum err *err)
{
    struct spoken *spoken = speaking_find(tts, number);
    *err = spoken && spoken->is_ended ? ERR_CLOSED : ERR_OK;
    if (spoken)
        return spoken;
    *err = number <= tts->newest ? ERR_CLOSED : tts->count == SPEAKING_CONTEXTS ? ERR_FULL : ERR_OK;
    if (*err)
        return NULL;
    tts->newest = number;
    spoken = &tts->list[tts->count++];
    spoken_init(spoken, number);
    return spoken;
}

void speaking_drop(struct tts *tts, struct spoken *spoken)
{
    size_t index = (size_t)(spoken - tts->list);
    spoken_free(spoken);
    memmove(spoken, spoken + 1, (tts->count - index - 1) * sizeof *spoken);
    if (--tts->count)
        return;
    tts->quiet_ms = speaking_now_ms(tts);
    tts->mute_ms = tts->dry_ms = 0;
    tts->is_late = false;
    speaking_rest(tts);
}

/* ---- one session after the other ---- */

static enum err open_inner(struct tts *tts, size_t index)
{
    struct tts_settings settings = route_tts(&tts->route, index, &tts->wishes);
    tts->index = index;
    tts->inner_ops = tts->route.list[index].provider->driver->tts;
    tts->heard_ms = tts->first_ms = 0;
    enum err err = tts->inner_ops->open(&tts->inner, tts->loop, &settings, &speaking_listener, tts);
    tts->is_entered = !err;
    if (!err)
        return ERR_OK;
    tts->inner = NULL;
    kept_failure_set(&tts->failure,
        &(struct failure){.kind = failure_of_err(err), .err = err, .why = "cannot open a session"});
    desk_leave(tts->route.desk, &tts->route, index, &tts->failure.of, 0);
    succession_failed(
        &tts->succession, &tts->route, tts->index, &tts->failure.of, speaking_now_ms(tts));
    return err;
}

void speaking_open(struct tts *tts, size_t index)
{
    if (index == SUCCESSION_NOBODY)
        index = succession_insist(&tts->succession, &tts->route, speaking_now_ms(tts));
    while (index != SUCCESSION_NOBODY && open_inner(tts, index) != ERR_OK)
        index = succession_insist(&tts->succession, &tts->route, speaking_now_ms(tts));
}

bool speaking_ask(struct tts *tts, struct spoken *spoken, struct slice text, bool flush)
{
    if (text.len && tts->inner_ops->text(tts->inner, spoken->number, text, flush) != ERR_OK)
        return false;
    if (text.len)
        route_used(&tts->route, tts->index,
            &(struct usage_amount){.requests = 1, .characters = usage_characters(text)});
    if (text.len && !spoken->is_asked)
        spoken->asked_ms = speaking_now_ms(tts);
    spoken->is_asked |= text.len > 0;
    if (spoken->is_ended && spoken->is_asked)
        tts->inner_ops->end(tts->inner, spoken->number);
    spoken->is_over = spoken->is_ended && !spoken->is_asked;
    return true;
}

/* A session was opened while something waits to be said. */
static void ask_all(struct tts *tts)
{
    bool is_taken = true;
    tts->mute_ms = 0;
    for (size_t i = 0; i < tts->count && is_taken; i++)
        is_taken = speaking_ask(tts, &tts->list[i], spoken_rest(&tts->list[i]), true);
    if (!is_taken) {
        kept_failure_set(&tts->failure,
            &(struct failure){.kind = FAILURE_OURS, .err = ERR_FULL, .why = "it takes no text"});
        speaking_give_up(tts);
    }
}

void speaking_go_on(struct tts *tts, size_t next)
{
    size_t from = tts->index;
    speaking_open(tts, next);
    if (tts->inner) {
        succession_tell(&tts->route, from, tts->index);
        ask_all(tts);
    } else if (succession_is_over(&tts->succession, &tts->route)) {
        speaking_give_up(tts);
    } else if (!tts->mute_ms) {
        tts->mute_ms = speaking_now_ms(tts);
    }
}

/* Words that were cut are told, and left out. */
static void skip_torn(struct tts *tts, uint32_t number)
{
    struct spoken *spoken;
    struct tts_timing timing;
    while ((spoken = speaking_find(tts, number)) && spoken_skip(spoken, &timing))
        tts->listener->on_timings(tts->owner, number, &timing, 1);
}

/* What was heard whole lacks nothing but its end. */
static void note_over(struct spoken *spoken)
{
    spoken->is_over |= spoken->is_ended && !spoken_rest(spoken).len;
}

static bool is_anything_left(const struct tts *tts)
{
    for (size_t i = 0; i < tts->count; i++)
        if (!tts->list[i].is_over)
            return true;
    return false;
}

/* False: one cannot be continued. */
static bool rewind_all(struct tts *tts)
{
    uint32_t numbers[SPEAKING_CONTEXTS];
    size_t count = tts->count;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = tts->list[i].number;
        if (!tts->list[i].is_over && !spoken_rewind(&tts->list[i]))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        skip_torn(tts, numbers[i]);
    for (size_t i = 0; i < tts->count; i++)
        note_over(&tts->list[i]);
    return true;
}

void speaking_fail(struct tts *tts, const struct failure *failure)
{
    kept_failure_set(&tts->failure, failure);
    speaking_leave(tts, &tts->failure.of);
    succession_failed(
        &tts->succession, &tts->route, tts->index, &tts->failure.of, speaking_now_ms(tts));
}

void speaking_lose(struct tts *tts, const struct failure *failure, size_t next)
{
    speaking_fail(tts, failure);
    bool is_whole = rewind_all(tts);
    if (is_whole && !speaking_is_over(tts) &&
        (is_anything_left(tts) || next != SUCCESSION_NOBODY)) {
        speaking_go_on(tts, next);
        return;
    }
    if (next != SUCCESSION_NOBODY) /* it has entered for nothing */
        desk_leave(tts->route.desk, &tts->route, next, NULL, 0);
    if (!is_whole)
        speaking_give_up(tts);
}

void speaking_enter(struct tts *tts)
{
    size_t index = SUCCESSION_NOBODY;
    if (speaking_now_ms(tts) < tts->quiet_ms + QUIET_MS)
        index =
            succession_enter(&tts->succession, &tts->route, 1u << tts->index, speaking_now_ms(tts));
    if (index == SUCCESSION_NOBODY)
        index = succession_insist(&tts->succession, &tts->route, speaking_now_ms(tts));
    tts->is_entered = tts->inner && index == tts->index;
    if (!tts->is_entered) {
        speaking_leave(tts, NULL);
        if (index != SUCCESSION_NOBODY)
            speaking_open(tts, index);
    }
    tts->mute_ms = tts->inner ? 0 : speaking_now_ms(tts);
}
