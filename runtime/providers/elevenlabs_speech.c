#include "providers/elevenlabs_speech.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define SPEED_LEAST 0.7
#define SPEED_MOST 1.2
#define MOST_ALIGNMENT_BYTES (1024 * 1024) /* many times what the longest text needs */

/* --- to the service --- */

bool elevenlabs_is_v3(const struct tts_settings *settings)
{
    return settings->model && !strncmp(settings->model, "eleven_v3", strlen("eleven_v3"));
}

bool elevenlabs_takes_language(const struct tts_settings *settings)
{
    return settings->language && *settings->language && settings->model &&
           strstr(settings->model, "_v2_5");
}

const char *elevenlabs_format(const struct tts_settings *settings)
{
    return settings->format == TTS_FORMAT_PCM ? "pcm_16000" : "ulaw_8000";
}

unsigned elevenlabs_pcm_hz(const struct tts_settings *settings)
{
    return settings->format == TTS_FORMAT_PCM ? 16000 : 0;
}

/* Adds `"name":value` when the value is set; says whether a comma is needed before the next one. */
static bool add_setting(struct strbuf *out, const char *name, double value, bool needs_comma)
{
    if (value < 0)
        return needs_comma;
    strbuf_printf(out, "%s\"%s\":%.3g", needs_comma ? "," : "", name, value);
    return true;
}

static double taken_speed(double speed)
{
    if (speed < 0 || (speed >= SPEED_LEAST && speed <= SPEED_MOST))
        return speed;
    return speed < SPEED_LEAST ? SPEED_LEAST : SPEED_MOST;
}

/* The newest model knows three of them. */
static double taken_stability(const struct tts_settings *settings)
{
    double stability = settings->stability;
    if (stability < 0 || !elevenlabs_is_v3(settings))
        return stability;
    return stability < 0.25 ? 0 : stability < 0.75 ? 0.5 : 1;
}

void elevenlabs_add_voice(struct strbuf *out, const struct tts_settings *settings)
{
    if (settings->stability < 0 && settings->similarity < 0 && settings->speed < 0)
        return;
    strbuf_add_text(out, ",\"voice_settings\":{");
    bool needs_comma = add_setting(out, "stability", taken_stability(settings), false);
    needs_comma = add_setting(out, "similarity_boost", settings->similarity, needs_comma);
    (void)add_setting(out, "speed", taken_speed(settings->speed), needs_comma);
    strbuf_add_char(out, '}');
}

/* --- from the service --- */

/* Escapes ("\/") are JSON, and nobody's way to write base64. */
enum err elevenlabs_take_audio(struct speech_chunk *out, const struct json_scan_value *audio)
{
    struct slice text = audio->raw;
    if (audio->kind != JSON_SCAN_STRING || !text.len)
        return ERR_OK;
    size_t size = text.len / 4 * 3 + 3;
    char *plain = audio->has_escape ? malloc(text.len + 1) : NULL;
    out->audio = malloc(size);
    if (!out->audio || (audio->has_escape && !plain)) {
        free(plain);
        return ERR_NOMEM;
    }
    if (plain && json_scan_text(audio, plain, text.len + 1))
        text = slice_from(plain);
    enum err err = base64_decode(&out->audio_len, out->audio, size, text);
    free(plain);
    return err;
}

static json_t *either(json_t *object, const char *name, const char *other)
{
    json_t *value = json_object_get(object, name);
    return value && !json_is_null(value) ? value : json_object_get(object, other);
}

static uint32_t take_ms(json_t *times, size_t at, double unit_ms)
{
    double ms = json_number_value(json_array_get(times, at)) * unit_ms + 1e-6;
    return ms > 0 && ms < 1e9 ? (uint32_t)ms : 0;
}

static uint32_t take_duration_ms(
    json_t *alignment, const struct elevenlabs_alignment *names, size_t at, uint32_t start_ms)
{
    if (names->durations)
        return take_ms(
            either(alignment, names->durations, names->other_durations), at, names->unit_ms);
    uint32_t end_ms = take_ms(json_object_get(alignment, names->ends), at, names->unit_ms);
    return end_ms > start_ms ? end_ms - start_ms : 0;
}

/* Of one alignment of two, the only part that becomes a tree. Characters stay in it. What jansson refuses of it
   (1e400, half a surrogate pair) is no reason to lose the audio. */
enum err elevenlabs_take_timings(struct speech_chunk *out, const struct json_scan_value *text,
    const struct elevenlabs_alignment *names)
{
    if (text->kind != JSON_SCAN_OBJECT)
        return ERR_OK;
    json_t *alignment = text->raw.len <= MOST_ALIGNMENT_BYTES
                            ? json_loadb(text->raw.data, text->raw.len, JSON_ALLOW_NUL, NULL)
                            : NULL;
    out->root = alignment;
    out->has_bad_timings = !alignment;
    json_t *characters = json_object_get(alignment, names->characters);
    json_t *starts = json_object_get(alignment, names->starts);
    size_t count = json_array_size(characters);
    if (count > json_array_size(starts))
        count = json_array_size(starts);
    if (!count)
        return ERR_OK;
    out->timings = calloc(count, sizeof(*out->timings));
    if (!out->timings)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        json_t *character = json_array_get(characters, i);
        if (!json_is_string(character) || !json_string_length(character))
            continue;
        uint32_t start_ms = take_ms(starts, i, names->unit_ms);
        out->timings[out->timing_count++] =
            (struct tts_timing){{json_string_value(character), json_string_length(character)},
                start_ms, take_duration_ms(alignment, names, i, start_ms)};
    }
    return ERR_OK;
}

enum failure_kind elevenlabs_failure(const char *text)
{
    static const struct {
        const char *code;
        enum failure_kind kind;
    } known[] = {
        {"quota_exceeded", FAILURE_QUOTA},
        {"invalid_api_key", FAILURE_KEY},
        {"missing_permissions", FAILURE_KEY},
        {"needs_authorization", FAILURE_KEY},
        {"only_for_creator", FAILURE_KEY},
        {"voice_not_found", FAILURE_REQUEST},
        {"voice_not_fine_tuned", FAILURE_REQUEST},
        {"model_not_found", FAILURE_REQUEST},
        {"unsupported_model", FAILURE_REQUEST},
        {"unsupported_language", FAILURE_REQUEST},
        {"invalid_voice_settings", FAILURE_REQUEST},
        {"invalid_output_format", FAILURE_REQUEST},
        {"max_character_limit_exceeded", FAILURE_REQUEST},
        {"max_active_conversations", FAILURE_BUSY},
        {"too_many_concurrent_requests", FAILURE_BUSY},
        {"concurrent_limit_exceeded", FAILURE_BUSY},
        {"rate_limit_exceeded", FAILURE_BUSY},
        {"system_busy", FAILURE_BUSY},
        {"input_timeout_exceeded", FAILURE_CUT},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strstr(text, known[i].code))
            return known[i].kind;
    return FAILURE_BROKEN;
}
