/* A filler: what is heard while the model, a tool or synthesis is late. When, the engine says; here is which and how.

   phrase: kept from an earlier synthesis in the tenant's voice ─┐
           else recorded                                         ├─► pacer, a little ahead ─► (HUSH) ─► the reply's audio
   typing: the tenant's sound or ours, at its level, in a loop  ─┘

   One rule each for what ends it: a phrase that has begun is finished, because half a word is worse than a moment's wait;
   a sound fades within a frame, and what the carrier holds of it is taken back. */
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "live/recordings.h"
#include "media/gain.h"
#include "observe/metrics.h"

#define AHEAD_FRAMES                                                                               \
    20 /* with the pacer: a stalled loop is not heard, and text credit is left for the reply */

/* ---- beginning ---- */

static void play(struct call *call, struct slice ulaw, bool is_sound)
{
    struct filler *filler = &call->filler;
    strbuf_free(&filler->ulaw);
    strbuf_init(&filler->ulaw, FILLER_MAX_BYTES);
    strbuf_add_slice(&filler->ulaw, ulaw);
    filler->at = 0;
    filler->is_sound = is_sound;
    filler->is_on = filler->ulaw.len > 0;
}

static void play_sound(struct call *call)
{
    const struct agent_filler *wish = &call->agent->filler;
    struct recording ours = recording_typing();
    bool is_own = wish->typing_ulaw != NULL;
    play(call,
        (struct slice){(const char *)(is_own ? wish->typing_ulaw : ours.ulaw),
            is_own ? wish->typing_len : ours.len},
        true);
    struct gain_table level;
    gain_table_init(&level, wish->level_db);
    struct strbuf *ulaw = &call->filler.ulaw;
    for (size_t i = 0; i < ulaw->len; i++)
        ulaw->data[i] = (char)level.map[(uint8_t)ulaw->data[i]];
}

/* The next one in turn that is known; until any is, the recording. */
static const char *play_phrase(struct call *call)
{
    const struct agent_filler *wish = &call->agent->filler;
    for (size_t tries = 0; tries < wish->phrase_count; tries++) {
        const char *text = wish->phrases[call->filler.next_phrase++ % wish->phrase_count];
        struct phrase *phrase = fixed_find(call, text);
        if (phrase) {
            play(call, phrase->ulaw, false);
            phrase_release(phrase);
            return text;
        }
    }
    struct recording moment = recording_moment();
    play(call, (struct slice){(const char *)moment.ulaw, moment.len}, false);
    return moment.text;
}

void filler_start(struct call *call)
{
    const char *text = "";
    switch (call->agent->filler.kind) {
    case AGENT_FILLER_NONE: /* since this turn's version */
        return;
    case AGENT_FILLER_PHRASE:
        text = play_phrase(call);
        break;
    case AGENT_FILLER_TYPING:
        play_sound(call);
        break;
    }
    metric_add(METRIC_FILLERS, 1);
    call_span(call, SPAN_FILLER, text[0] ? text : "typing");
    journal_filler(call, slice_from(text[0] ? text : "(typing)"));
    outbound_tick(call, clock_ms());
}

/* ---- going on ---- */

static void stop(struct filler *filler)
{
    filler->is_on = false;
    strbuf_free(&filler->ulaw); /* most of a call is no waiting */
}

static bool next_frame(struct filler *filler, uint8_t frame[FRAME_BYTES])
{
    if (filler->is_sound && filler->at == filler->ulaw.len)
        filler->at = 0;
    size_t left = filler->ulaw.len - filler->at;
    size_t len = left < FRAME_BYTES ? left : FRAME_BYTES;
    if (!len)
        return false;
    memset(frame, ULAW_SILENCE, FRAME_BYTES);
    memcpy(frame, filler->ulaw.data + filler->at, len);
    filler->at += len;
    return true;
}

bool filler_feed(struct call *call)
{
    struct filler *filler = &call->filler;
    uint8_t frame[FRAME_BYTES];
    while (filler->is_on && call->pacer.count < AHEAD_FRAMES) {
        if (next_frame(filler, frame)) {
            segments_put_frame(call, frame);
        } else {
            stop(filler);
            pacer_end(&call->pacer);
        }
    }
    return !filler->is_on;
}

/* ---- ending ---- */

void filler_hush(struct call *call)
{
    if (call->filler.is_on && call->filler.is_sound) {
        stop(&call->filler);
        outbound_fade(call);
        call->reply.audio_put_ms = call->reply.played_before_ms +
                                   (uint32_t)(call->pacer.sent + call->pacer.count) * FRAME_MS;
    }
    outbound_tick(call, clock_ms());
}

void filler_drop(struct call *call)
{
    stop(&call->filler);
}

void filler_free(struct call *call)
{
    strbuf_free(&call->filler.ulaw);
}
