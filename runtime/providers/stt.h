/* Speech-to-text: a session per call that is fed frames and says what it hears.
   Listener promises as in net/ws.h; on_failed is final (the session is closed after it, call close). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "media/frame.h"
#include "net/loop.h"

struct stt_settings {
    const char *base_url; /* origin, no /v1 */
    const char *api_key;
    const char *model;
    const char *language; /* ISO 639-1 */
    bool send_ulaw;       /* audio/pcmu as is; else 24 kHz PCM16 */
    unsigned connect_timeout_ms;
};

struct stt_listener {
    void (*on_ready)(void *owner);
    /* `item` numbers utterances from 1 in the order of commits; text is the whole item so far. */
    void (*on_partial)(void *owner, uint32_t item, struct slice text);
    void (*on_final)(
        void *owner, uint32_t item, struct slice text); /* may be empty: noise, or a failed item */
    void (*on_failed)(void *owner, enum err err, const char *why);
};

struct stt; /* an implementation's own struct, first member `const struct stt_ops *ops` */

struct stt_ops {
    const char *name;
    must_use enum err (*open)(struct stt **out, struct net_loop *loop,
        const struct stt_settings *settings, const struct stt_listener *listener, void *owner);
    void (*audio)(struct stt *stt,
        const uint8_t ulaw[FRAME_BYTES]); /* batched to 100 ms inside; kept (≤ 3 s) until ready */
    /* End of speech: flushes and closes the item; its final follows. Returns the item's number; 0 when fewer
       than 100 ms were sent since the last commit (nothing will follow). */
    uint32_t (*commit)(struct stt *stt);
    void (*close)(struct stt *stt); /* no callback follows */
};

extern const struct stt_ops openai_realtime_stt;
