/* What a session tells: its audio and times, as far as the owner may have them. */
#include <string.h>

#include "observe/metrics.h"
#include "routing/incident.h"
#include "routing/speaking.h"

#define TIMES_AT_ONCE 64

void speaking_end(struct tts *tts, uint32_t number)
{
    struct spoken *spoken = speaking_find(tts, number);
    if (!spoken)
        return;
    if (spoken->heard_ms)
        incident_done(&tts->route, tts->index);
    speaking_drop(tts, spoken);
    tts->listener->on_end(tts->owner, number);
}

static void on_ready(void *owner)
{
    struct tts *tts = owner;
    if (tts->was_ready)
        return;
    tts->was_ready = true;
    speaking_begin_callback(tts);
    tts->listener->on_ready(tts->owner);
    speaking_end_callback(tts);
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

/* What was given plays behind what is playing still. */
static void note_played(struct tts *tts, size_t bytes)
{
    uint64_t now_ms = speaking_now_ms(tts);
    tts->dry_ms = (tts->dry_ms > now_ms ? tts->dry_ms : now_ms) + bytes / SPOKEN_BYTES_PER_MS;
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
        note_played(tts, front.len);
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
    speaking_begin_callback(tts);
    if (!spoken_take_times(spoken, timings, count))
        pass_times(tts, number, timings, count);
    speaking_end_callback(tts);
}

static void note_first_audio(struct tts *tts, const struct spoken *spoken)
{
    succession_worked(&tts->succession, tts->index);
    incident_waited(&tts->route, tts->index, speaking_now_ms(tts) - spoken->asked_ms);
    if (!tts->first_ms)
        tts->first_ms = (unsigned)(speaking_now_ms(tts) - spoken->asked_ms);
    tts->first_ms += !tts->first_ms;
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
    speaking_begin_callback(tts);
    tts->heard_ms = speaking_now_ms(tts);
    if (!spoken->heard_ms)
        note_first_audio(tts, spoken);
    spoken = speaking_find(tts, number);
    if (spoken && !spoken_take_audio(spoken, ulaw, len, speaking_now_ms(tts)))
        metric_add(METRIC_FRAMES_DROPPED, (int64_t)(len / FRAME_BYTES));
    give(tts, number, false);
    speaking_end_callback(tts);
}

static void on_end(void *owner, uint32_t number)
{
    struct tts *tts = owner;
    speaking_begin_callback(tts);
    give(tts, number, true);
    speaking_end(tts, number);
    speaking_end_callback(tts);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct tts *tts = owner;
    speaking_begin_callback(tts);
    speaking_lose(tts, failure, SUCCESSION_NOBODY);
    speaking_end_callback(tts);
}

const struct tts_listener speaking_listener = {.on_ready = on_ready,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};
