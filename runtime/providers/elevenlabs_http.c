/* ElevenLabs where its WebSocket is not to be had: a proxy without upgrades, or a model that has none. */
#include "providers/elevenlabs_http_codec.h"
#include "providers/elevenlabs_speech.h"

static const struct tts_wire wire = {.key_header = "xi-api-key",
    .key_prefix = "",
    .accept = "application/json",
    .is_objects = true,
    .most_text_bytes = 5000, /* the least that a model takes */
    .takes_neighbours = elevenlabs_http_takes_neighbours,
    .pcm_hz = elevenlabs_pcm_hz,
    .url = elevenlabs_http_url,
    .body_begin = elevenlabs_http_body_begin,
    .body_end = elevenlabs_http_body_end,
    .decode = elevenlabs_http_decode,
    .error_code = elevenlabs_http_error_code,
    .failure = elevenlabs_failure};

static enum err open_session(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    return tts_http_open(out, &elevenlabs_http_tts, &wire, loop, settings, listener, owner);
}

const struct tts_ops elevenlabs_http_tts = {
    "elevenlabs_http", open_session, tts_http_text, tts_http_end, tts_http_cancel, tts_http_close};
