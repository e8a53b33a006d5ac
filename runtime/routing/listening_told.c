/* What a session tells, in the owner's numbers and times. */
#include <stdlib.h>

#include "routing/desk.h"
#include "routing/incident.h"
#include "routing/listening.h"

static void on_ready(void *owner)
{
    struct stt *stt = owner;
    listening_enter(stt);
    stt->is_ready = true;
    stt->deaf_ms = 0;
    if (stt->listener->on_source)
        stt->listener->on_source(stt->owner, route_provider(&stt->route, stt->index),
            route_model(&stt->route, stt->index));
    if (!stt->was_ready && !listening_is_over(stt)) {
        stt->was_ready = true;
        stt->listener->on_ready(stt->owner);
    }
    if (!listening_is_over(stt))
        listening_pump(stt);
    listening_leave(stt);
}

/* `since_ms`: when it was asked for what it answers. */
static void note_answer(struct stt *stt, uint64_t since_ms)
{
    succession_worked(&stt->succession, stt->index);
    stt->told_ms = listening_now_ms(stt);
    if (stt->has_answered)
        return;
    stt->has_answered = true;
    unsigned took_ms = (unsigned)(listening_now_ms(stt) - since_ms);
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
    listening_enter(stt);
    stt->told_ms = listening_now_ms(stt);
    stt->listener->on_partial(stt->owner, item ? item->number : stt->unheard.newest + 1, text);
    listening_leave(stt);
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
    listening_enter(stt);
    give_words(stt, item->number, words, count, is_estimated);
    listening_leave(stt);
}

void listening_give_final(struct stt *stt, struct unheard_item *item, struct slice text)
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
    incident_done(&stt->route, stt->index);
    incident_waited(&stt->route, stt->index, listening_now_ms(stt) - item->asked_ms);
    if (stt->is_giving) { /* the owner is not told while it asks */
        item->final = slice_dup(text);
        item->is_over = true;
        return;
    }
    listening_enter(stt);
    listening_give_final(stt, item, text);
    listening_leave(stt);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct stt *stt = owner;
    if (stt->is_giving) {
        kept_failure_set(&stt->failure, failure);
        stt->is_failing = true;
        return;
    }
    listening_enter(stt);
    listening_lose(stt, failure, SUCCESSION_NOBODY);
    listening_leave(stt);
}

const struct stt_listener listening_listener = {.on_ready = on_ready,
    .on_partial = on_partial,
    .on_words = on_words,
    .on_final = on_final,
    .on_failed = on_failed};
