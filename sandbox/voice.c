#include "voice.h"

#include <espeak-ng/speak_lib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "media/resample.h"

/*  text ─► espeak-ng ─► samples at 22.05 kHz ─► 8 kHz ─► level ─► voice_audio.pcm
                    └─► word and clause events = anchors ─► times ─► voice_audio.characters

    An anchor says "the character at this place begins at this sample". Between two anchors time runs
    evenly over the characters. espeak-ng lets a clause end after its pause: the end is moved back to
    where its sound ends, so that a pause belongs to the punctuation and not to the last word. */

#define OUT_HZ 8000
#define WORDS_PER_MINUTE 165 /* at speed 1.0: an unhurried telephone voice */
#define PEAK_LEVEL 16422     /* −6 dBFS */
#define QUIET_LEVEL 40       /* below it a sample at 22.05 kHz is silence */
#define TAIL_ZEROS 256       /* flushes the resampler's delay */
#define MOST_SAMPLES (22050 * 600)

struct anchor {
    size_t character; /* index into the text, in characters */
    size_t sample;
    bool is_end; /* of a clause: what follows is punctuation and pause */
};

struct take { /* what one synthesis collects */
    int16_t *samples;
    size_t count_samples;
    size_t capacity_samples;
    struct anchor *anchors;
    size_t count_anchors;
    size_t capacity_anchors;
    bool has_words;
    bool failed; /* out of memory or far too long */
};

static struct {
    bool is_started;
    unsigned rate_hz;
    struct take *take; /* espeak-ng's callback has no owner of its own */
} voice;

static bool grow(void **data, size_t *capacity, size_t needed, size_t item_bytes)
{
    if (needed <= *capacity)
        return true;
    size_t larger = needed > 2 * *capacity ? needed : 2 * *capacity;
    void *moved = realloc(*data, larger * item_bytes);
    if (!moved)
        return false;
    *data = moved;
    *capacity = larger;
    return true;
}

static void take_anchor(struct take *take, const espeak_EVENT *event)
{
    if (!grow((void **)&take->anchors, &take->capacity_anchors, take->count_anchors + 1,
            sizeof *take->anchors)) {
        take->failed = true;
        return;
    }
    take->anchors[take->count_anchors++] = (struct anchor){
        .character = event->text_position > 0 ? (size_t)event->text_position - 1 : 0,
        .sample = (size_t)event->audio_position * voice.rate_hz / 1000,
        .is_end = event->type == espeakEVENT_END,
    };
}

static int on_synth(short *samples, int count, espeak_EVENT *events)
{
    struct take *take = voice.take;
    if (!take)
        return 1;
    for (; events->type != espeakEVENT_LIST_TERMINATED; events++) {
        if (events->type == espeakEVENT_WORD)
            take->has_words = true;
        if (events->type == espeakEVENT_WORD || events->type == espeakEVENT_END)
            take_anchor(take, events);
    }
    if (samples && count > 0) {
        size_t total = take->count_samples + (size_t)count;
        if (total > MOST_SAMPLES || !grow((void **)&take->samples, &take->capacity_samples,
                                        total + TAIL_ZEROS, sizeof *take->samples)) {
            take->failed = true;
        } else {
            memcpy(take->samples + take->count_samples, samples, (size_t)count * sizeof *samples);
            take->count_samples = total;
        }
    }
    return take->failed ? 1 : 0;
}

enum err voice_start(void)
{
    if (voice.is_started)
        return ERR_OK;
    int rate_hz = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT);
    if (rate_hz <= 0)
        return ERR_SYSTEM;
    voice.rate_hz = (unsigned)rate_hz;
    voice.is_started = true;
    espeak_SetSynthCallback(on_synth);
    return ERR_OK;
}

void voice_stop(void)
{
    if (!voice.is_started)
        return;
    espeak_Terminate();
    voice.is_started = false;
}

/* The text as espeak-ng may have it: terminated, and with a blank for each byte that is no UTF-8 and
   for control characters. Same offsets as the original. */
static char *speakable_copy(struct slice text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return NULL;
    for (size_t at = 0; at < text.len;) {
        size_t len = utf8_length(text.data + at, text.len - at);
        bool is_control = len == 1 && (unsigned char)text.data[at] < ' ';
        if (len == 0 || is_control) {
            copy[at++] = ' ';
            continue;
        }
        memcpy(copy + at, text.data + at, len);
        at += len;
    }
    copy[text.len] = '\0';
    return copy;
}

/* One entry a character, offsets only. */
static enum err split_characters(struct voice_audio *out, const char *text, size_t len)
{
    if (len == 0)
        return ERR_OK;
    out->characters = calloc(len, sizeof *out->characters);
    if (!out->characters)
        return ERR_NOMEM;
    for (size_t at = 0; at < len;) {
        out->characters[out->count_characters++].offset_bytes = (uint32_t)at;
        at += utf8_length(text + at, len - at);
    }
    return ERR_OK;
}

/* Puts anchors in an order that time can follow (neither characters nor samples go back), and clause
   ends where their sound ends. Returns how many are left. */
static size_t tidy_anchors(struct take *take, size_t count_characters)
{
    size_t kept = 0;
    for (size_t i = 0; i < take->count_anchors; i++) {
        struct anchor anchor = take->anchors[i];
        size_t floor_sample = kept ? take->anchors[kept - 1].sample : 0;
        if (anchor.character > count_characters)
            anchor.character = count_characters;
        if (anchor.sample > take->count_samples)
            anchor.sample = take->count_samples;
        while (anchor.is_end && anchor.sample > floor_sample &&
               abs(take->samples[anchor.sample - 1]) < QUIET_LEVEL)
            anchor.sample--;
        if (kept &&
            (anchor.character < take->anchors[kept - 1].character || anchor.sample < floor_sample))
            continue;
        take->anchors[kept++] = anchor;
    }
    return kept;
}

/* Characters [from, to) share the time [begin, end) evenly. */
static void spread(
    struct voice_audio *out, size_t from, size_t to, uint64_t begin_ms, uint64_t end_ms)
{
    for (size_t i = from; i < to; i++) {
        uint64_t start = begin_ms + (end_ms - begin_ms) * (i - from) / (to - from);
        uint64_t next = begin_ms + (end_ms - begin_ms) * (i + 1 - from) / (to - from);
        out->characters[i].start_ms = (uint32_t)start;
        out->characters[i].duration_ms = (uint32_t)(next - start);
    }
}

static void time_characters(struct voice_audio *out, struct take *take)
{
    size_t count = tidy_anchors(take, out->count_characters);
    uint64_t total_ms = (uint64_t)out->count_samples * 1000 / OUT_HZ;
    size_t from = 0;
    uint64_t begin_ms = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t at_ms = (uint64_t)take->anchors[i].sample * 1000 / voice.rate_hz;
        if (at_ms > total_ms)
            at_ms = total_ms;
        if (take->anchors[i].character <= from)
            continue; /* the same place twice: the earlier time stands */
        spread(out, from, take->anchors[i].character, begin_ms, at_ms);
        from = take->anchors[i].character;
        begin_ms = at_ms;
    }
    spread(out, from, out->count_characters, begin_ms, total_ms);
}

static enum err to_telephone_rate(struct voice_audio *out, struct take *take)
{
    struct resample *resample;
    enum err err = resample_create(&resample, voice.rate_hz, OUT_HZ);
    if (err)
        return err;
    size_t in_count = take->count_samples + TAIL_ZEROS;
    memset(take->samples + take->count_samples, 0, TAIL_ZEROS * sizeof *take->samples);
    size_t out_size = in_count * OUT_HZ / voice.rate_hz + 16;
    out->pcm = malloc(out_size * sizeof *out->pcm);
    if (out->pcm)
        out->count_samples = resample_run(resample, out->pcm, out_size, take->samples, in_count);
    resample_destroy(resample);
    return out->pcm ? ERR_OK : ERR_NOMEM;
}

static void set_level(struct voice_audio *out)
{
    int peak = 0;
    for (size_t i = 0; i < out->count_samples; i++)
        if (abs(out->pcm[i]) > peak)
            peak = abs(out->pcm[i]);
    for (size_t i = 0; peak > 0 && i < out->count_samples; i++)
        out->pcm[i] = (int16_t)(out->pcm[i] * PEAK_LEVEL / peak);
}

static enum err synthesise(struct take *take, const char *name, const char *text, double speed)
{
    if (espeak_SetVoiceByName(name) != EE_OK)
        return ERR_NOT_FOUND;
    if (espeak_SetParameter(espeakRATE, (int)(WORDS_PER_MINUTE * speed + 0.5), 0) != EE_OK)
        return ERR_SYSTEM;
    voice.take = take;
    espeak_ERROR said =
        espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, NULL);
    voice.take = NULL;
    if (take->failed)
        return ERR_NOMEM;
    return said == EE_OK ? ERR_OK : ERR_SYSTEM;
}

static bool has_sound(const struct take *take)
{
    for (size_t i = 0; i < take->count_samples; i++)
        if (abs(take->samples[i]) >= QUIET_LEVEL)
            return true;
    return false;
}

static enum err speak(struct voice_audio *out, const char *name, const char *text, double speed)
{
    struct take take = {0};
    enum err err = split_characters(out, text, strlen(text));
    if (!err)
        err = synthesise(&take, name, text, speed);
    if (!err && take.has_words && has_sound(&take))
        err = to_telephone_rate(out, &take);
    if (!err) {
        set_level(out);
        time_characters(out, &take);
    }
    free(take.samples);
    free(take.anchors);
    return err;
}

enum err voice_speak(struct voice_audio *out, const char *name, struct slice text, double speed)
{
    *out = (struct voice_audio){0};
    if (!voice.is_started)
        return ERR_CLOSED;
    if (!(speed >= 0.7 && speed <= 1.2))
        return ERR_BAD;
    char *copy = speakable_copy(text);
    if (!copy)
        return ERR_NOMEM;
    enum err err = speak(out, name, copy, speed);
    free(copy);
    if (err)
        voice_free(out);
    return err;
}

void voice_free(struct voice_audio *audio)
{
    free(audio->pcm);
    free(audio->characters);
    *audio = (struct voice_audio){0};
}
