/* ElevenLabs, many contexts on one WebSocket: messages as JSON text, both ways. Pure.
   A context's wire id is "t<number>", or "t<number>.<generation>" when the service closed it by itself
   and it was opened anew. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "providers/speech_chunk.h"
#include "providers/tts.h"

struct elevenlabs_id {
    uint32_t number;     /* 0: none, or not one of ours */
    uint32_t generation; /* 0 the first time */
};

must_use enum err elevenlabs_url(struct strbuf *out, const struct tts_settings *settings);
/* The first message of a context: a blank with the voice settings that are set. */
void elevenlabs_open(
    struct strbuf *out, struct elevenlabs_id id, const struct tts_settings *settings);
/* Blanks around `text` are replaced by the single one behind it that the service wants. */
void elevenlabs_text(struct strbuf *out, struct elevenlabs_id id, struct slice text, bool flush);
void elevenlabs_flush(struct strbuf *out, struct elevenlabs_id id);
void elevenlabs_close(struct strbuf *out, struct elevenlabs_id id);
/* Only for a context that is open: any other id would open one. */
void elevenlabs_keep_alive(struct strbuf *out, struct elevenlabs_id id);

struct elevenlabs_message {
    struct elevenlabs_id id;
    struct speech_chunk speech; /* its times are counted from the start of this message's audio */
    bool is_final;
};

/* Accepts both spellings of every key that is known to vary; of a key that comes twice the last counts.
   ERR_BAD: not a JSON object, or audio that is not base64; ERR_NOMEM. Free after ERR_OK. */
must_use enum err elevenlabs_decode(struct elevenlabs_message *out, struct slice message);
void elevenlabs_message_free(struct elevenlabs_message *message);
