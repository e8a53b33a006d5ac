#include "providers/openai_speech_codec.h"

#include <string.h>

#include "providers/openai_chat_codec.h"
#include "providers/origin.h"

#define SPEED_LEAST 0.25
#define SPEED_MOST 4.0

enum err openai_speech_url(struct strbuf *out, const struct tts_settings *settings)
{
    return origin_http(out, settings->base_url, "/v1/audio/speech");
}

/* The older models know nothing of how they should sound; the service says that it is of no use there. */
static bool takes_instructions(const struct tts_settings *settings)
{
    return settings->instructions && *settings->instructions && settings->model &&
           strncmp(settings->model, "tts-1", 5) != 0;
}

static double taken_speed(double speed)
{
    if (speed < SPEED_LEAST)
        return SPEED_LEAST;
    return speed > SPEED_MOST ? SPEED_MOST : speed;
}

void openai_speech_body_begin(struct strbuf *out, const struct tts_settings *settings)
{
    strbuf_add_text(out, "{\"model\":");
    strbuf_add_json(out, slice_from(settings->model));
    strbuf_add_text(out, ",\"voice\":");
    strbuf_add_json(out, slice_from(settings->voice_id));
    strbuf_add_text(out, ",\"response_format\":\"pcm\"");
    if (settings->speed >= 0)
        strbuf_printf(out, ",\"speed\":%.3g", taken_speed(settings->speed));
    if (takes_instructions(settings)) {
        strbuf_add_text(out, ",\"instructions\":");
        strbuf_add_json(out, slice_from(settings->instructions));
    }
}

void openai_speech_body_end(struct strbuf *out, const struct tts_text *text)
{
    strbuf_add_text(out, ",\"input\":");
    strbuf_add_json(out, text->text);
    strbuf_add_char(out, '}');
}

void openai_speech_error_code(struct slice body, char code[SPEECH_CODE_SIZE])
{
    char own[CHAT_CODE_SIZE];
    chat_error_code(body, own);
    speech_code_copy(code, own);
}
