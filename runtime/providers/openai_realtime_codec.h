/* Realtime transcription: events of the session as JSON text, both ways. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "providers/stt.h"

#define REALTIME_CODE_SIZE 64
#define REALTIME_COMMIT_PREFIX                                                                     \
    "commit_" /* event ids of our commits: the prefix and the item's number */

#define REALTIME_USUAL_SILENCE_MS 500 /* of a voice detection that does not tell */
#define REALTIME_MOST_SILENCE_MS 10000

/* How sessions are spoken about. The two older shapes are flat. */
enum realtime_shape {
    REALTIME_CURRENT,
    REALTIME_FLAT,        /* session.update, audio is always 24 kHz PCM16 (speaches) */
    REALTIME_FLAT_SESSION /* transcription_session.update, what the service itself spoke before */
};

/* Audio as `audio/pcmu` or 24 kHz PCM16, no turn detection on their side: our own VAD decides. `has_prompt`: with the
   settings' words to expect, where there are any. */
void realtime_session_update(struct strbuf *out, const struct stt_settings *settings,
    enum realtime_shape shape, bool has_prompt);
void realtime_append(struct strbuf *out, const void *audio, size_t len);
void realtime_commit(struct strbuf *out, uint32_t item);

enum realtime_kind {
    REALTIME_OTHER, /* known to be of no interest, or unknown */
    REALTIME_CREATED,
    REALTIME_UPDATED,
    REALTIME_SPEECH_STARTED, /* by the service's own voice detection */
    REALTIME_SPEECH_STOPPED,
    REALTIME_COMMITTED,
    REALTIME_DELTA,
    REALTIME_GUESS, /* the whole text so far, in place of deltas (speaches) */
    REALTIME_COMPLETED,
    REALTIME_FAILED, /* this item only */
    REALTIME_ERROR,
};

/* What an error means for the session. */
enum realtime_severity {
    REALTIME_USABLE,  /* it goes on */
    REALTIME_EMPTY,   /* a commit was refused for lack of audio; nothing follows it */
    REALTIME_EXPIRED, /* the session's time is over, a new one will do */
    REALTIME_LATER,   /* too much is asked of it just now */
    REALTIME_FATAL,   /* key, model, quota or shape: trying again is useless */
};

/* Of created and updated sessions. */
struct realtime_session {
    bool is_flat;          /* told as transcription_session.* */
    uint64_t expires_at_s; /* since 1970; 0: not told */
    bool is_detecting;     /* the service will end items by itself, after `silence_ms` */
    unsigned silence_ms;
};

struct realtime_event {
    enum realtime_kind kind;
    enum realtime_severity severity; /* errors and failed items */
    enum failure_kind failure;       /* what such an error is to whoever must decide */
    struct slice item_id;            /* slices are valid until realtime_event_free */
    struct slice text;               /* a delta, or the whole transcript */
    uint32_t commit;                 /* errors: the commit that caused it, 0: not told */
    bool is_about_prompt;            /* errors: the prompt is not wanted */
    bool has_code;                   /* errors: `code` is more than a type */
    char code[REALTIME_CODE_SIZE];   /* errors and failed items: code or type, safe to log */
    struct realtime_session session;
    void *root;
};

/* ERR_BAD: not a JSON object with a type. Free the event after ERR_OK. */
must_use enum err realtime_decode(struct realtime_event *out, struct slice message);
void realtime_event_free(struct realtime_event *event);
