/* Speech-to-text: a session per call that is fed frames and says what it hears.
   Listener promises as in net/ws.h; on_failed is final (the session is closed after it, call close). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "media/frame.h"
#include "net/loop.h"
#include "providers/failure.h"

struct route;

struct stt_settings {
    const char *base_url; /* origin, no /v1 */
    const char *api_key;
    const char *model;
    const char *language;        /* ISO 639-1 */
    const char *prompt;          /* words to expect; NULL: none */
    const char *path;            /* instead of the vendor's own, its query included; NULL: that */
    const char *key_header;      /* [Authorization, with Bearer] the key goes there as it is */
    const char *response_format; /* files: json, verbose_json, text, stream; NULL: by the model */
    bool send_ulaw;              /* audio/pcmu as is; else 24 kHz PCM16 */
    bool is_beta;                /* realtime: the shape from before the service's GA (speaches) */
    unsigned connect_timeout_ms;
    unsigned answer_timeout_ms; /* [vendor's] for a transcript, once it is asked for */
    unsigned window_ms;         /* files: of audio a request while the caller speaks [600] */
    double no_speech_max;       /* files: segments that are less likely speech are dropped [0.6] */
    const struct route *route;  /* of routed_stt: whom to ask, in order; others pass it over */
};

/* A word with the time it was said, counted from the first frame the session was given. Words come in order. */
struct stt_word {
    struct slice text;
    uint32_t start_ms;
    uint32_t end_ms;
};

struct stt_listener {
    void (*on_ready)(void *owner);
    /* Who hears from now on; only routed_stt tells. May be NULL. */
    void (*on_source)(void *owner, const char *provider, const char *model);
    /* `item` numbers utterances from 1 in the order of commits; text is the whole item so far. Where a vendor is known to be
       behind the caller it ends in "…": the final is worth waiting for. */
    void (*on_partial)(void *owner, uint32_t item, struct slice text);
    /* Right before an item's final, where it has words. `is_estimated`: the vendor gave no times, they are reckoned from the
       length of the words. May be NULL. */
    void (*on_words)(
        void *owner, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated);
    void (*on_final)(
        void *owner, uint32_t item, struct slice text); /* may be empty: noise, or a failed item */
    void (*on_failed)(void *owner, const struct failure *failure);
};

struct stt; /* an implementation's own struct, first member `const struct stt_ops *ops` */

struct stt_ops {
    const char *name;
    must_use enum err (*open)(struct stt **out, struct net_loop *loop,
        const struct stt_settings *settings, const struct stt_listener *listener, void *owner);
    void (*audio)(struct stt *stt,
        const uint8_t ulaw[FRAME_BYTES]); /* batched to 100 ms inside; kept (≤ 5 s) until ready */
    /* End of speech: flushes and closes the item; its final follows. Returns the item's number; 0 when fewer
       than 100 ms were sent since the last commit (nothing will follow). */
    uint32_t (*commit)(struct stt *stt);
    void (*close)(struct stt *stt); /* no callback follows */
};

extern const struct stt_ops openai_realtime_stt;
extern const struct stt_ops openai_files_stt;
