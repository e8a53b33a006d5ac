#include "caller/speech.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller/files.h"
#include "media/frame.h"
#include "media/g711.h"
#include "media/resample.h"
#include "media/wav.h"
#include "voice.h"

#define WAV_MAX_BYTES (64u << 20)
#define SPEECH_MAX_SAMPLES (8000u * 120)

unsigned speech_rms(const uint8_t *ulaw, size_t len)
{
    double sum = 0;
    for (size_t i = 0; i < len; i++) {
        int16_t sample;
        g711_to_pcm(&sample, ulaw + i, 1);
        sum += (double)sample * sample;
    }
    return len ? (unsigned)sqrt(sum / (double)len) : 0;
}

/* Silence at the end is left off, so that a line ends when its last sound does: the line is silent
   afterwards anyway. A file of nothing but silence is kept. */
static size_t find_voiced_end(const struct speech *speech)
{
    size_t end = speech->len;
    while (
        end > 0 && speech_rms(speech->ulaw + end - FRAME_BYTES, FRAME_BYTES) < SPEECH_AUDIBLE_RMS)
        end -= FRAME_BYTES;
    return end ? end : speech->len;
}

static enum err encode(struct speech *out, const int16_t *pcm, size_t count)
{
    out->len = (count + FRAME_BYTES - 1) / FRAME_BYTES * FRAME_BYTES;
    out->ulaw = malloc(out->len + 1);
    if (!out->ulaw)
        return ERR_NOMEM;
    memset(out->ulaw, ULAW_SILENCE, out->len);
    g711_to_ulaw(out->ulaw, pcm, count);
    out->len = find_voiced_end(out);
    return ERR_OK;
}

static enum err complain(char *why, const struct scenario_step *step, const char *what)
{
    snprintf(why, SPEECH_WHY_SIZE, "line %u (%s): %s", step->line, scenario_word(step->kind), what);
    return ERR_BAD;
}

static enum err speak(struct speech *out, const struct scenario_step *step, char *why)
{
    struct voice_audio audio;
    enum err err = voice_start();
    if (err) {
        complain(why, step, "espeak-ng does not start");
        return err;
    }
    err = voice_speak(&audio, step->voice, slice_from(step->text), 1.0);
    if (err) {
        char what[120];
        snprintf(
            what, sizeof what, "the voice \"%s\" cannot speak it (%s)", step->voice, err_name(err));
        complain(why, step, what);
        return err;
    }
    err = encode(out, audio.pcm, audio.count_samples);
    voice_free(&audio);
    return err;
}

static enum err convert(struct speech *out, const int16_t *pcm, size_t count, unsigned rate_hz)
{
    if (rate_hz == 8000)
        return encode(out, pcm, count);
    struct resample *resample;
    enum err err = resample_create(&resample, rate_hz, 8000);
    if (err)
        return err;
    size_t size = (size_t)((double)count * 8000 / rate_hz) + 32;
    int16_t *converted = malloc(size * sizeof *converted);
    if (converted) {
        size_t made = resample_run(resample, converted, size, pcm, count);
        err = encode(out, converted, made);
    } else {
        err = ERR_NOMEM;
    }
    free(converted);
    resample_destroy(resample);
    return err;
}

static enum err play(
    struct speech *out, const struct scenario_step *step, const char *folder, char *why)
{
    char path[1200];
    bool is_absolute = step->text[0] == '/';
    snprintf(
        path, sizeof path, "%s%s%s", is_absolute ? "" : folder, is_absolute ? "" : "/", step->text);
    struct strbuf file;
    if (file_read(&file, path, WAV_MAX_BYTES)) {
        char what[200];
        snprintf(what, sizeof what, "cannot read %.120s: %s", path, strerror(errno));
        return complain(why, step, what);
    }
    unsigned rate_hz;
    const int16_t *pcm;
    size_t count;
    enum err err = wav_read(strbuf_slice(&file), &rate_hz, &pcm, &count);
    if (err || rate_hz < 4000 || rate_hz > 192000)
        err = complain(why, step, "not a mono 16-bit PCM WAV file");
    else
        err = convert(out, pcm, count, rate_hz);
    strbuf_free(&file);
    return err;
}

static enum err make_step(
    struct speech *out, const struct scenario_step *step, const char *folder, char *why)
{
    enum err err = ERR_OK;
    if (step->kind == SCENARIO_SAY || step->kind == SCENARIO_INTERRUPT ||
        step->kind == SCENARIO_CORRECT)
        err = speak(out, step, why);
    else if (step->kind == SCENARIO_PLAY)
        err = play(out, step, folder, why);
    if (err == ERR_NOMEM)
        complain(why, step, "out of memory");
    if (!err && out->len > SPEECH_MAX_SAMPLES)
        err = complain(why, step, "longer than two minutes");
    return err;
}

enum err speeches_make(struct speeches *out, const struct scenario *scenario, const char *folder,
    char why[SPEECH_WHY_SIZE])
{
    memset(out, 0, sizeof *out);
    enum err err = ERR_OK;
    for (size_t i = 0; i < scenario->count && !err; i++)
        err = make_step(&out->of_step[i], &scenario->steps[i], folder, why);
    if (err)
        speeches_free(out);
    return err;
}

void speeches_free(struct speeches *speeches)
{
    for (size_t i = 0; i < SCENARIO_STEPS_MAX; i++) {
        free(speeches->of_step[i].ulaw);
        speeches->of_step[i] = (struct speech){0};
    }
}
