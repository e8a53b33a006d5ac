/* What a session has to say to ElevenLabs and in which order: one context per reply, text that waits for
   the connection, the limit of five contexts that are not final. Time is an argument. Pure.

     WAITING ──room on the wire──► OPEN ──end──► CLOSING ──isFinal──► gone, on_end
        ▲                           │ │
        └──── isFinal unasked ──────┘ └─cancel─► CANCELLED ──isFinal, or 5 s──► gone

   The traps it stands for: a message that names a closed context would open a new one, so nothing is sent
   behind a close; late audio of a cancelled context is dropped; a wire id is never used twice on a
   connection; flush alone ends nothing, flush and close do. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "media/ulaw_stream.h"
#include "providers/elevenlabs_codec.h"

#define CONTEXTS_MOST 16
#define CONTEXTS_ON_WIRE 5
#define CONTEXTS_WAITING_BYTES (16 * 1024)

enum context_state {
    CONTEXT_WAITING,   /* nothing of it is on the wire */
    CONTEXT_OPEN,      /* its first message is sent */
    CONTEXT_CLOSING,   /* closed on our side; its audio still counts */
    CONTEXT_CANCELLED, /* its audio does not; the close is sent or owed */
};

struct context {
    struct elevenlabs_id id;
    enum context_state state;
    bool wants_flush;
    bool wants_end;
    bool is_flushed;    /* the service was told to speak all it has */
    bool owes_close;    /* cancelled: the close is not sent yet */
    bool is_untimed;    /* timings were lost, and later ones would be taken for other words */
    bool is_resendable; /* `text` holds all that was sent, and none of it was spoken */
    struct strbuf text;
    size_t sent_len; /* of `text` */
    struct ulaw_stream audio;
    uint64_t audio_len; /* µ-law */
    uint64_t sent_ms;   /* last message of ours */
    uint64_t heard_ms;  /* last audio of theirs */
};

struct contexts {
    struct context list[CONTEXTS_MOST]; /* in order of arrival */
    size_t count;
    uint32_t gone[CONTEXTS_MOST]; /* numbers that ended lately, a ring */
    size_t gone_count;
    unsigned
        keep_alive_ms; /* a context that is silent on our side for so long gets a sign of life */
    unsigned first_audio_ms; /* [10 s] the service may take so long for a context's first audio, */
    unsigned idle_ms;        /* [10 s] and so long for more of what it owes */
    unsigned pcm_hz;         /* of its audio; 0: µ-law */
};

void contexts_init(struct contexts *contexts, unsigned keep_alive_ms);
void contexts_free(struct contexts *contexts);

/* ERR_FULL: too much waits; ERR_CLOSED: the context ended or was cancelled. */
must_use enum err contexts_text(
    struct contexts *contexts, uint32_t number, struct slice text, bool flush);
must_use enum err contexts_end(struct contexts *contexts, uint32_t number); /* the same errors */
void contexts_cancel(struct contexts *contexts, uint32_t number);

/* Writes the next message that is to be sent now; false when there is none. */
bool contexts_next_message(struct contexts *contexts, const struct tts_settings *settings,
    uint64_t now_ms, struct strbuf *out);
/* The context that a message of the service is for, when its audio counts; NULL otherwise. `now_ms` 0: it has no sound, and puts no
   deadline off. */
struct context *contexts_hear(struct contexts *contexts, struct elevenlabs_id id, uint64_t now_ms);
/* `len` bytes of audio came; what was sent can no longer be sent again. */
void contexts_count_audio(struct context *context, size_t len);
/* isFinal came. True: the context is complete, tell the owner. */
bool contexts_final(struct contexts *contexts, struct elevenlabs_id id);
/* A context that ended with nothing left to wait for: takes it out, its number; 0 when there is none. */
uint32_t contexts_take_ended(struct contexts *contexts);

bool contexts_have_work(const struct contexts *contexts); /* something needs a connection */
enum contexts_loss {
    CONTEXTS_IDLE,   /* nothing was under way */
    CONTEXTS_RESEND, /* all of it can be said again: it waits */
    CONTEXTS_BROKEN, /* a reply was cut in the middle */
};
enum contexts_loss contexts_disconnect(struct contexts *contexts);

void contexts_expire(struct contexts *contexts, uint64_t now_ms); /* forgets cancelled ones */
bool contexts_are_stalled(
    const struct contexts *contexts, uint64_t now_ms);       /* the service owes audio */
uint64_t contexts_deadline(const struct contexts *contexts); /* look again then; 0: never */
