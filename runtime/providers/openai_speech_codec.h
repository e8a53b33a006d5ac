/* POST /v1/audio/speech, OpenAI's and that of those who speak like it: a request a text, answered by 24 kHz PCM. No times come with
   it. Pure. */
#pragma once

#include "providers/tts_http.h"

#define OPENAI_SPEECH_HZ 24000

must_use enum err openai_speech_url(struct strbuf *out, const struct tts_settings *settings);
void openai_speech_body_begin(struct strbuf *out, const struct tts_settings *settings);
void openai_speech_body_end(struct strbuf *out, const struct tts_text *text);
void openai_speech_error_code(struct slice body, char code[SPEECH_CODE_SIZE]);
