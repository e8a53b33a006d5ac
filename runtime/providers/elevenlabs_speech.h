/* What the messages of ElevenLabs' WebSocket and the objects of its HTTP stream have in common: voice settings, audio, times of
   characters, errors. Pure. */
#pragma once

#include "base/err.h"
#include "base/json_scan.h"
#include "base/strbuf.h"
#include "providers/speech_chunk.h"

/* How one of the two writes the times of characters. */
struct elevenlabs_alignment {
    const char *characters;
    const char *starts;
    const char *durations, *other_durations; /* NULL: the ends are told instead */
    const char *ends;
    double unit_ms;
};

/* Models that take less than the others. */
bool elevenlabs_is_v3(const struct tts_settings *settings);
/* Other models refuse a language. */
bool elevenlabs_takes_language(const struct tts_settings *settings);
const char *elevenlabs_format(const struct tts_settings *settings); /* of `output_format` */
unsigned elevenlabs_pcm_hz(const struct tts_settings *settings);    /* of it; 0: µ-law */
/* `,"voice_settings":{…}` with those that are set; nothing when none is. A speed or stability it would refuse is the nearest it
   takes. */
void elevenlabs_add_voice(struct strbuf *out, const struct tts_settings *settings);

/* Nothing when there is none. ERR_BAD: not base64. */
must_use enum err elevenlabs_take_audio(
    struct speech_chunk *out, const struct json_scan_value *audio);
must_use enum err elevenlabs_take_timings(struct speech_chunk *out,
    const struct json_scan_value *text, const struct elevenlabs_alignment *names);

/* Of what came without an HTTP status, as the error of a stream or the reason of a close: by the code that is in it. */
enum failure_kind elevenlabs_failure(const char *text);
