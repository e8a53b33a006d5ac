/* A speaking session with a service that takes a request a text (tts_requests.h): what all of these have in common. A driver is a
   `tts_wire`, how its service writes things, and a table of ops whose `open` names it.

   Requests are sent in order and given out in order. A failure of one is a failure of the session: whether another is asked is for
   whoever holds it. */
#pragma once

#include "base/strbuf.h"
#include "providers/speech_chunk.h"

struct tts_text {
    struct slice text;
    struct slice before, after; /* of the same reply, where they are taken; may be empty */
};

/* Pure functions, all of them. */
struct tts_wire {
    const char *key_header;
    const char *key_prefix;
    const char *accept;
    bool is_objects; /* the answer is JSON objects with audio and times, else audio as it is */
    size_t most_text_bytes;
    bool (*takes_neighbours)(const struct tts_settings *settings); /* NULL: never */
    unsigned (*pcm_hz)(const struct tts_settings *settings);       /* 0: µ-law */
    must_use enum err (*url)(struct strbuf *out, const struct tts_settings *settings);
    void (*body_begin)(struct strbuf *out, const struct tts_settings *settings); /* '{"model":…' */
    void (*body_end)(struct strbuf *out, const struct tts_text *text); /* ',"input":…}' */
    must_use enum err (*decode)(struct speech_chunk *out, struct slice object); /* of is_objects */
    void (*error_code)(struct slice body, char code[SPEECH_CODE_SIZE]);
    enum failure_kind (*failure)(const char *text); /* of an error in an answer that began well */
};

must_use enum err tts_http_open(struct tts **out, const struct tts_ops *ops,
    const struct tts_wire *wire, struct net_loop *loop, const struct tts_settings *settings,
    const struct tts_listener *listener, void *owner);
/* The rest of tts_ops. */
must_use enum err tts_http_text(struct tts *tts, uint32_t context, struct slice text, bool flush);
void tts_http_end(struct tts *tts, uint32_t context);
void tts_http_cancel(struct tts *tts, uint32_t context);
void tts_http_close(struct tts *tts);
