/* ElevenLabs over HTTP: a request a text, answered by JSON objects with audio and the times of characters (…/stream/with-timestamps).
   Pure. */
#pragma once

#include "providers/tts_http.h"

must_use enum err elevenlabs_http_url(struct strbuf *out, const struct tts_settings *settings);
/* Whether a request may tell what is said before and behind its text. */
bool elevenlabs_http_takes_neighbours(const struct tts_settings *settings);
void elevenlabs_http_body_begin(struct strbuf *out, const struct tts_settings *settings);
void elevenlabs_http_body_end(struct strbuf *out, const struct tts_text *text);
/* ERR_BAD: no JSON object, or audio that is not base64; ERR_NOMEM. Free the chunk after ERR_OK. */
must_use enum err elevenlabs_http_decode(struct speech_chunk *out, struct slice object);
/* Of any of the three forms its errors have; "": it names none. */
void elevenlabs_http_error_code(struct slice body, char code[SPEECH_CODE_SIZE]);
