/* Text-to-speech: a session per call, a context per reply. Audio comes as 8 kHz µ-law.
   Listener promises as in net/ws.h; on_failed is final for the session. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"
#include "providers/failure.h"

struct route;

/* What is asked of the vendor; listeners are given 8 kHz µ-law all the same. */
enum tts_format {
    TTS_FORMAT_ULAW, /* as the telephone wants it */
    TTS_FORMAT_PCM,  /* 16 kHz, or what the vendor has: resampled and coded once, by us */
};

struct tts_settings {
    const char *base_url;
    const char *api_key;
    const char *voice_id;
    const char *model;
    const char *language;                /* may be NULL */
    const char *instructions;            /* how to speak, where a vendor takes that; NULL: none */
    double stability, similarity, speed; /* < 0: the vendor's default */
    double pitch;                        /* semitones, where a vendor has it; 0: as it is */
    enum tts_format format;
    unsigned connect_timeout_ms;
    unsigned first_byte_timeout_ms; /* [vendor's] from text to its first audio */
    unsigned idle_timeout_ms;       /* [vendor's] between pieces of audio that are owed */
    unsigned inactivity_timeout_s;  /* asked of the vendor, 180 */
    const struct route *route;      /* of routed_tts: whom to ask, in order; others pass it over */
};

/* One character of a context's text with the time its sound begins, counted from the context's first
   audio. Characters come in order. */
struct tts_timing {
    struct slice character; /* UTF-8 */
    uint32_t start_ms;
    uint32_t duration_ms;
};

struct tts_listener {
    void (*on_ready)(void *owner);
    /* Who speaks a context, before its first audio; only routed_tts tells. May be NULL. */
    void (*on_source)(void *owner, uint32_t context, const char *provider, const char *model);
    void (*on_audio)(void *owner, uint32_t context, const uint8_t *ulaw, size_t len);
    /* In the order of the text, without gaps. `count` 0: they are lost, and none of this context counts. */
    void (*on_timings)(
        void *owner, uint32_t context, const struct tts_timing *timings, size_t count);
    void (*on_end)(void *owner, uint32_t context); /* all audio of the context was delivered */
    void (*on_failed)(void *owner, const struct failure *failure);
};

struct tts;

struct tts_ops {
    const char *name;
    must_use enum err (*open)(struct tts **out, struct net_loop *loop,
        const struct tts_settings *settings, const struct tts_listener *listener, void *owner);
    /* Text for a context (a number never used before opens it); `flush` makes it speak at once. Waits inside
       (≤ 16 KiB) until ready; ERR_FULL past that. */
    must_use enum err (*text)(struct tts *tts, uint32_t context, struct slice text, bool flush);
    void (*end)(struct tts *tts, uint32_t context); /* no more text; on_end follows */
    void (*cancel)(
        struct tts *tts, uint32_t context); /* late audio of it is dropped inside; no on_end */
    void (*close)(struct tts *tts);
};

extern const struct tts_ops elevenlabs_tts;
extern const struct tts_ops elevenlabs_http_tts;
extern const struct tts_ops openai_speech_tts;
