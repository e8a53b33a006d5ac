#include "elevenlabs/speech_render.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "media/g711.h"
#include "media/resample.h"

#define SAMPLES_PER_MS 8

/* Encoded audio of one rendering; the resampler keeps its state from piece to piece. */
struct encoder {
    const struct speech_options *options;
    struct resample *resample; /* NULL at 8 kHz */
    uint8_t *bytes;
    size_t size;
};

static enum err encoder_open(struct encoder *encoder, const struct speech_options *options)
{
    *encoder = (struct encoder){.options = options};
    if (options->rate_hz == 8000)
        return ERR_OK;
    return resample_create(&encoder->resample, 8000, options->rate_hz);
}

static void encoder_close(struct encoder *encoder)
{
    if (encoder->resample)
        resample_destroy(encoder->resample);
    free(encoder->bytes);
}

static enum err encode(struct encoder *encoder, const int16_t *pcm, size_t count, struct slice *out)
{
    size_t most = count * encoder->options->rate_hz / 8000 + 16;
    if (most * 2 > encoder->size) {
        uint8_t *bytes = realloc(encoder->bytes, most * 2);
        if (!bytes)
            return ERR_NOMEM;
        encoder->bytes = bytes;
        encoder->size = most * 2;
    }
    int16_t *wide = (int16_t *)encoder->bytes;
    *out = (struct slice){(const char *)encoder->bytes, count};
    if (encoder->options->is_ulaw) {
        g711_to_ulaw(encoder->bytes, pcm, count);
        return ERR_OK;
    }
    if (encoder->resample) {
        out->len = 2 * resample_run(encoder->resample, wide, most, pcm, count);
        return ERR_OK;
    }
    for (size_t i = 0; i < count; i++)
        wide[i] = pcm[i];
    out->len = 2 * count;
    return ERR_OK;
}

static uint32_t piece_ms(size_t index)
{
    static const uint32_t sizes[] = {250, 300, 400, 500};
    return sizes[index < 3 ? index : 3];
}

/* Characters from `*next` on that begin before `end_ms`. */
static size_t characters_until(
    const struct voice_audio *audio, size_t next, uint32_t end_ms, bool is_last)
{
    size_t end = next;
    while (end < audio->count_characters && (is_last || audio->characters[end].start_ms < end_ms))
        end++;
    return end - next;
}

static enum err cut(struct encoder *encoder, const struct voice_audio *audio, struct slice text,
    speech_piece_fn each, void *owner)
{
    size_t at = 0, character = 0;
    for (size_t index = 0; at < audio->count_samples; index++) {
        size_t count = (size_t)piece_ms(index) * SAMPLES_PER_MS;
        if (count > audio->count_samples - at)
            count = audio->count_samples - at;
        uint32_t start_ms = (uint32_t)(at / SAMPLES_PER_MS);
        uint32_t end_ms = (uint32_t)((at + count) / SAMPLES_PER_MS);
        struct speech_piece piece = {.start_ms = start_ms,
            .duration_ms = end_ms - start_ms,
            .characters = audio->characters + character,
            .count_characters =
                characters_until(audio, character, end_ms, at + count == audio->count_samples),
            .text = text};
        enum err err = encode(encoder, audio->pcm + at, count, &piece.audio);
        if (err)
            return err;
        each(owner, &piece);
        character += piece.count_characters;
        at += count;
    }
    return ERR_OK;
}

enum err speech_render(const struct speech_options *options, const char *default_voice,
    const struct known_speech *known, struct slice text, double speed, speech_piece_fn each,
    void *owner, uint32_t *audio_ms)
{
    struct encoder encoder;
    struct voice_audio audio;
    *audio_ms = 0;
    if (!slice_trim(text).len)
        return ERR_OK;
    enum err err = encoder_open(&encoder, options);
    if (err)
        return err;
    err = known_speech_speak(known, &audio, text);
    if (err == ERR_NOT_FOUND)
        err = voice_speak(&audio, options->voice ? options->voice : default_voice, text, speed);
    if (!err) {
        *audio_ms = (uint32_t)(audio.count_samples / SAMPLES_PER_MS);
        err = cut(&encoder, &audio, text, each, owner);
        voice_free(&audio);
    }
    encoder_close(&encoder);
    return err;
}

static json_t *character_text(const struct speech_piece *piece, size_t index)
{
    size_t offset = piece->characters[index].offset_bytes;
    const char *at = piece->text.data + offset;
    return json_stringn(at, utf8_length(at, piece->text.len - offset));
}

json_t *speech_alignment(const struct speech_piece *piece, bool docs_spelling)
{
    json_t *chars = json_array(), *starts = json_array(), *durations = json_array();
    for (size_t i = 0; i < piece->count_characters; i++) {
        const struct voice_character *character = &piece->characters[i];
        uint32_t start_ms =
            character->start_ms > piece->start_ms ? character->start_ms - piece->start_ms : 0;
        json_array_append_new(chars, character_text(piece, i));
        json_array_append_new(starts, json_integer(start_ms));
        json_array_append_new(durations, json_integer(character->duration_ms));
    }
    return json_pack("{s:o s:o s:o}", "chars", chars, "charStartTimesMs", starts,
        docs_spelling ? "charsDurationsMs" : "charDurationsMs", durations);
}

json_t *speech_alignment_seconds(const struct speech_piece *piece)
{
    json_t *characters = json_array(), *starts = json_array(), *ends = json_array();
    for (size_t i = 0; i < piece->count_characters; i++) {
        const struct voice_character *character = &piece->characters[i];
        json_array_append_new(characters, character_text(piece, i));
        json_array_append_new(starts, json_real(character->start_ms / 1000.0));
        json_array_append_new(
            ends, json_real((character->start_ms + character->duration_ms) / 1000.0));
    }
    return json_pack("{s:o s:o s:o}", "characters", characters, "character_start_times_seconds",
        starts, "character_end_times_seconds", ends);
}
