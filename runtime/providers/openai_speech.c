/* OpenAI's voices, and those of servers that take the same request. */
#include "providers/openai_speech_codec.h"

static unsigned pcm_hz(const struct tts_settings *settings)
{
    return OPENAI_SPEECH_HZ;
}

static const struct tts_wire wire = {.key_header = "Authorization",
    .key_prefix = "Bearer ",
    .accept = "audio/pcm, application/octet-stream",
    .most_text_bytes = 4000, /* 4096 characters are taken */
    .pcm_hz = pcm_hz,
    .url = openai_speech_url,
    .body_begin = openai_speech_body_begin,
    .body_end = openai_speech_body_end,
    .error_code = openai_speech_error_code};

static enum err open_session(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    return tts_http_open(out, &openai_speech_tts, &wire, loop, settings, listener, owner);
}

const struct tts_ops openai_speech_tts = {
    "openai_speech", open_session, tts_http_text, tts_http_end, tts_http_cancel, tts_http_close};
