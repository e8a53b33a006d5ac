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

/* Audio as `audio/pcmu` or 24 kHz PCM16, no turn detection on their side: our own VAD decides. */
void realtime_session_update(struct strbuf *out, const struct stt_settings *settings);
void realtime_append(struct strbuf *out, const void *audio, size_t len);
void realtime_commit(struct strbuf *out, uint32_t item);

enum realtime_kind {
    REALTIME_OTHER, /* known to be of no interest, or unknown */
    REALTIME_CREATED,
    REALTIME_UPDATED,
    REALTIME_COMMITTED,
    REALTIME_DELTA,
    REALTIME_COMPLETED,
    REALTIME_FAILED, /* this item only */
    REALTIME_ERROR,
};

/* What an error means for the session. */
enum realtime_severity {
    REALTIME_USABLE,  /* it goes on */
    REALTIME_EMPTY,   /* a commit was refused for lack of audio; nothing follows it */
    REALTIME_EXPIRED, /* the session's time is over, a new one will do */
    REALTIME_FATAL,   /* key, model, quota or shape: trying again is useless */
};

struct realtime_event {
    enum realtime_kind kind;
    enum realtime_severity severity; /* errors */
    struct slice item_id;            /* slices are valid until realtime_event_free */
    struct slice text;               /* a delta, or the whole transcript */
    uint32_t commit;                 /* errors: the commit that caused it, 0: not told */
    char code[REALTIME_CODE_SIZE];   /* errors and failed items: code or type, safe to log */
    void *root;
};

/* ERR_BAD: not a JSON object with a type. Free the event after ERR_OK. */
must_use enum err realtime_decode(struct realtime_event *out, struct slice message);
void realtime_event_free(struct realtime_event *event);
