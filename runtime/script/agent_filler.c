#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"
#include "media/g711.h"
#include "media/resample.h"
#include "media/wav.h"
#include "script/agent_reading.h"

#define RATE_HZ 8000
#define RATE_MAX_HZ 48000
#define SOUND_MIN_SAMPLES (RATE_HZ / 5)
#define RESAMPLE_EXTRA 16

static const char *const filler_names[] = {"kind", "after_ms", "phrases", "level_db", "wav", NULL};
static const char *const kind_names[] = {"none", "phrase", "typing"}; /* enum agent_filler_kind */
static const char *const english[] = {"One moment, please.", "Just a second.", "Bear with me."};

static void read_kind(struct reader *reader, struct agent_filler *filler)
{
    char name[16] = "";
    reader_text(reader, "filler", "kind", name, sizeof name);
    if (!name[0])
        return;
    for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            filler->kind = (enum agent_filler_kind)i;
            return;
        }
    }
    reader_fault(
        reader, "filler.kind", "is \"%s\": it must be \"phrase\", \"typing\" or \"none\"", name);
}

static void add_phrase(struct reader *reader, struct agent_filler *filler, size_t number)
{
    char path[32];
    snprintf(path, sizeof path, "filler.phrases[%zu]", number);
    size_t len = 0;
    const char *text =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tolstring(reader->lua, -1, &len) : NULL;
    size_t size = sizeof filler->phrases[0];
    if (!text || !len || strlen(text) != len || len >= size)
        reader_wrong(reader, path, "must be a text of at most %zu bytes", size - 1);
    else
        memcpy(filler->phrases[filler->phrase_count++], text, len + 1);
}

static void read_phrases(struct reader *reader, struct agent_filler *filler)
{
    if (!reader_enter(reader, "filler", "phrases", LUA_TTABLE))
        return;
    size_t count = lua_objlen(reader->lua, -1);
    if (count > AGENT_FILLERS_MAX)
        reader_fault(reader, "filler.phrases", "must hold at most %d", AGENT_FILLERS_MAX);
    for (size_t i = 0; i < count && i < AGENT_FILLERS_MAX; i++) {
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        add_phrase(reader, filler, i + 1);
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

/* ---- the sound ---- */

/* At 8 kHz; NULL: no memory. */
static int16_t *at_our_rate(const int16_t *samples, size_t *count, unsigned rate_hz)
{
    size_t room = *count * RATE_HZ / rate_hz + RESAMPLE_EXTRA;
    int16_t *out = malloc(room * sizeof *out);
    struct resample *resample = NULL;
    if (out && rate_hz == RATE_HZ) {
        memcpy(out, samples, *count * sizeof *out);
    } else if (out && resample_create(&resample, rate_hz, RATE_HZ) == ERR_OK) {
        *count = resample_run(resample, out, room, samples, *count);
        resample_destroy(resample);
    } else {
        free(out);
        return NULL;
    }
    return out;
}

/* Whole frames, so that its end joins its beginning. */
static void keep_sound(
    struct reader *reader, struct agent_filler *filler, const int16_t *samples, size_t count)
{
    size_t len = count / FRAME_SAMPLES * FRAME_SAMPLES;
    if (len < SOUND_MIN_SAMPLES) {
        reader_fault(reader, "filler.wav", "must last at least 200 ms");
        return;
    }
    filler->typing_ulaw = malloc(len);
    if (!filler->typing_ulaw) {
        reader_fault(reader, "filler.wav", "no memory");
        return;
    }
    g711_to_ulaw(filler->typing_ulaw, samples, len);
    filler->typing_len = len;
}

static void read_sound(struct reader *reader, struct sources *sources, struct agent_filler *filler)
{
    char name[SOURCE_NAME_SIZE] = "", why[256];
    reader_text(reader, "filler", "wav", name, sizeof name);
    if (!name[0])
        return;
    struct slice file;
    unsigned rate_hz;
    const int16_t *samples;
    size_t count;
    if (!source_is_own(name, ".wav")) {
        reader_fault(reader, "filler.wav", "must be a .wav file in the tenant's folder");
    } else if (sources_get(sources, name, &file, why)) {
        reader_fault(reader, "filler.wav", "cannot be read: %s", why);
    } else if (wav_read(file, &rate_hz, &samples, &count) || rate_hz < RATE_HZ ||
               rate_hz > RATE_MAX_HZ) {
        reader_fault(reader, "filler.wav", "must be 16-bit mono PCM of 8 to 48 kHz");
    } else {
        int16_t *ours = at_our_rate(samples, &count, rate_hz);
        if (ours)
            keep_sound(reader, filler, ours, count);
        else
            reader_fault(reader, "filler.wav", "no memory");
        free(ours);
    }
}

/* A voice that speaks another language must not fill with English words. */
static void give_defaults(struct agent *agent)
{
    struct agent_filler *filler = &agent->filler;
    if (filler->kind != AGENT_FILLER_PHRASE || filler->phrase_count)
        return;
    if (strcmp(agent->language, "en") != 0) {
        filler->kind = AGENT_FILLER_TYPING;
        return;
    }
    for (size_t i = 0; i < sizeof english / sizeof *english; i++)
        strcpy(filler->phrases[filler->phrase_count++], english[i]);
}

void agent_read_filler(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    struct agent_filler *filler = &reading->agent->filler;
    filler->kind = AGENT_FILLER_PHRASE;
    filler->after_ms = 800;
    filler->level_db = -12;
    if (reader_enter(reader, "", "filler", LUA_TTABLE)) {
        reader_only(reader, "filler", filler_names);
        read_kind(reader, filler);
        reader_unsigned(reader, "filler", "after_ms", &filler->after_ms, 200, 10000);
        reader_number(reader, "filler", "level_db", &filler->level_db, -60, 0);
        read_phrases(reader, filler);
        read_sound(reader, reading->program->sources, filler);
        lua_pop(reader->lua, 1);
    }
    give_defaults(reading->agent);
}
