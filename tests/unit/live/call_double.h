/* A call without a line, whose synthesiser is this file: what it is told is noted, what it says is said by the test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live/call.h"

struct tts {
    const struct tts_ops *ops;
    const struct tts_listener *listener;
    void *owner;
    uint32_t newest;
    struct strbuf said; /* texts with "|" behind each */
    uint32_t ended[16];
    unsigned ended_count;
    uint32_t cancelled[16];
    unsigned cancelled_count;
};

static struct tts voice;
static const struct tts_ops voice_ops;

static enum err open_session(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    strbuf_free(&voice.said);
    voice = (struct tts){.ops = &voice_ops, .listener = listener, .owner = owner};
    strbuf_init(&voice.said, 10000);
    *out = &voice;
    return ERR_OK;
}

static enum err take_text(struct tts *tts, uint32_t context, struct slice text, bool flush)
{
    tts->newest = context;
    strbuf_add_slice(&tts->said, text);
    strbuf_add_char(&tts->said, '|');
    return ERR_OK;
}

static void take_end(struct tts *tts, uint32_t context)
{
    tts->ended[tts->ended_count++] = context;
}

static void take_cancel(struct tts *tts, uint32_t context)
{
    tts->cancelled[tts->cancelled_count++] = context;
}

static void close_session(struct tts *tts)
{
}

static const struct tts_ops voice_ops = {
    "voice", open_session, take_text, take_end, take_cancel, close_session};

/* ---- a call without a line ---- */

static struct live live = {.options.settings.tts_ops = &voice_ops};
static struct live_worker worker = {.live = &live};
static struct agent agent;

static struct call *make_call(void)
{
    struct call *call = calloc(1, sizeof *call);
    call->worker = &worker;
    tally_init(&call->tally);
    call->tally.tenant = tenant_metrics_of("double");
    call->agent = &agent;
    strbuf_init(&call->reply.backlog, 4096);
    strbuf_init(&call->reply.unsaid, 4096);
    pacer_init(&call->pacer, 160);
    turn_init(&call->turn, &turn_defaults);
    reply_clear(&call->reply);
    return call;
}

static void free_call(struct call *call)
{
    reply_clear(&call->reply);
    strbuf_free(&call->reply.backlog);
    strbuf_free(&call->reply.unsaid);
    filler_free(call);
    fixed_lost(call);
    history_clear(&call->history);
    free(call);
}

/* `frames` frames of the byte `sound`. */
static inline void speak(uint32_t context, char sound, size_t frames)
{
    uint8_t *audio = malloc(frames * FRAME_BYTES);
    memset(audio, sound, frames * FRAME_BYTES);
    voice.listener->on_audio(voice.owner, context, audio, frames * FRAME_BYTES);
    free(audio);
}

/* What waits in the pacer, a letter a frame. */
static inline void pacer_letters(const struct pacer *pacer, char *out)
{
    for (unsigned i = 0; i < pacer->count; i++)
        *out++ = (char)pacer->ring[(pacer->head + i) % PACER_SLOTS][0];
    *out = 0;
}

static inline void expect_pacer(const struct call *call, const char *expected)
{
    char letters[PACER_SLOTS + 1];
    pacer_letters(&call->pacer, letters);
    assert_string_equal(letters, expected);
}
