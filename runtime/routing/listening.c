#include "routing/listening.h"

#include "routing/desk.h"
#include "routing/usage.h"

#define SPEECH_MS 1000 /* what is not committed for so long was nothing, or is over */

bool listening_is_over(const struct stt *stt)
{
    return stt->is_closed || stt->is_final;
}

uint64_t listening_now_ms(const struct stt *stt)
{
    return net_loop_now_ms(stt->loop);
}

void listening_stop(struct stt *stt, const struct failure *failure)
{
    if (!stt->inner)
        return;
    stt->inner_ops->close(stt->inner);
    stt->inner = NULL;
    stt->is_ready = stt->is_failing = false;
    desk_leave(stt->route.desk, &stt->route, stt->index, failure, 0);
}

void listening_give_up(struct stt *stt)
{
    if (listening_is_over(stt))
        return;
    bool is_for_good = succession_is_over(&stt->succession, &stt->route);
    if (!is_for_good && failure_rule(stt->failure.of.kind)->is_for_people)
        stt->failure.of.kind = FAILURE_BUSY; /* of the one that may be back */
    stt->is_final = true;
    net_timer_clear(stt->timer);
    stt->listener->on_failed(stt->owner, &stt->failure.of);
}

/* ---- what is said ---- */

bool listening_is_waiting(const struct stt *stt)
{
    const struct unheard *unheard = &stt->unheard;
    bool is_speech = unheard->written - unheard->commit_end >= UNHEARD_LEAST_BYTES &&
                     listening_now_ms(stt) - stt->spoken_ms < SPEECH_MS;
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
    item->asked_ms = listening_now_ms(stt);
    uint32_t inner = stt->is_failing ? 0 : stt->inner_ops->commit(stt->inner);
    if (inner)
        stt->asked = item->inner = inner;
    else if (!stt->is_failing)
        item->is_over = true; /* nothing of it was kept */
}

void listening_pump(struct stt *stt)
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

/* ---- one session after the other ---- */

static enum err open_inner(struct stt *stt, size_t index)
{
    struct stt_settings base = {.language = stt->language};
    struct stt_settings settings = route_stt(&stt->route, index, &base);
    stt->index = index;
    stt->inner_ops = stt->route.list[index].provider->driver->stt;
    stt->opened_ms = listening_now_ms(stt);
    stt->asked = 0;
    stt->told_ms = 0;
    stt->has_answered = false;
    unheard_rewind(&stt->unheard);
    enum err err =
        stt->inner_ops->open(&stt->inner, stt->loop, &settings, &listening_listener, stt);
    if (!err)
        return ERR_OK;
    stt->inner = NULL;
    kept_failure_set(&stt->failure,
        &(struct failure){.kind = failure_of_err(err), .err = err, .why = "cannot open a session"});
    desk_leave(stt->route.desk, &stt->route, index, &stt->failure.of, 0);
    succession_failed(
        &stt->succession, &stt->route, stt->index, &stt->failure.of, listening_now_ms(stt));
    return err;
}

void listening_open(struct stt *stt, size_t index)
{
    if (index == SUCCESSION_NOBODY)
        index = succession_insist(&stt->succession, &stt->route, listening_now_ms(stt));
    while (index != SUCCESSION_NOBODY && open_inner(stt, index) != ERR_OK)
        index = succession_insist(&stt->succession, &stt->route, listening_now_ms(stt));
}

void listening_go_on(struct stt *stt, size_t index)
{
    size_t from = stt->index;
    listening_open(stt, index);
    if (stt->inner)
        succession_tell(&stt->route, from, stt->index);
    else if (succession_is_over(&stt->succession, &stt->route))
        listening_give_up(stt);
}

void listening_lose(struct stt *stt, const struct failure *failure, size_t next)
{
    kept_failure_set(&stt->failure, failure);
    listening_stop(stt, &stt->failure.of);
    succession_failed(
        &stt->succession, &stt->route, stt->index, &stt->failure.of, listening_now_ms(stt));
    if (!stt->deaf_ms && listening_is_waiting(stt))
        stt->deaf_ms = listening_now_ms(stt);
    listening_go_on(stt, next);
}
