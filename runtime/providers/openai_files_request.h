/* One stretch of audio on its way to be transcribed: file, request, answer, transcript. A request is a value of its session's and
   has one connection of the pool at a time.

       audio ─► WAV ─► multipart ─► POST ─► answer ─► codec ─► transcript with the session's times ─► on_end

   on_end comes once for each start that was ERR_OK, never during it, never after a cancel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/http.h"
#include "providers/openai_files_audio.h"
#include "providers/openai_files_codec.h"
#include "providers/transcript_windows.h"

struct files_target { /* whom to ask, and how; strings are owned */
    struct stt_settings settings;
    enum files_format format;
    struct strbuf url;
    struct strbuf key; /* the header's value; empty: the server wants none */
};
must_use enum err files_target_init(
    struct files_target *target, const struct stt_settings *settings);
void files_target_free(struct files_target *target);

struct files_result {
    const struct failure *failure; /* NULL: it was transcribed */
    struct slice text;
    const struct stt_word *words; /* one for each word of the text, times of the session */
    size_t count;
    bool is_estimated;
};

struct files_request {
    void (*on_end)(void *owner, const struct files_result *result);
    void *owner;
    struct http_call *call; /* NULL: none under way */
    const struct files_target *target;
    struct window_span span;
    struct files_voice voice;
    int status;
    unsigned retry_after_ms;
    char content_type[64];
    struct strbuf body;
};

bool files_request_is_open(const struct files_request *request);
/* `voice`: what files_audio_voice says of the span. */
must_use enum err files_request_start(struct files_request *request, struct net_loop *loop,
    const struct files_target *target, const struct files_audio *audio, struct window_span span,
    struct files_voice voice);
void files_request_cancel(struct files_request *request); /* closes its connection; at any time */
