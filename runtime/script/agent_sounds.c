/* Sounds of a tenant's own: 16-bit mono PCM files of its folder, made the line's µ-law when a version is read. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/resample.h"
#include "media/wav.h"
#include "script/agent_reading.h"

#define RATE_HZ 8000
#define RATE_MAX_HZ 48000
#define RESAMPLE_EXTRA 16
#define SOUND_MAX_S 60

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

static uint8_t *to_ulaw(const int16_t *samples, size_t *count, unsigned rate_hz)
{
    int16_t *ours = at_our_rate(samples, count, rate_hz);
    uint8_t *ulaw = ours ? malloc(*count + 1) : NULL;
    if (ulaw)
        g711_to_ulaw(ulaw, ours, *count);
    free(ours);
    return ulaw;
}

uint8_t *agent_read_wav(struct reader *reader, struct sources *sources, const char *path,
    const char *name, size_t max_bytes, size_t *len)
{
    char why[256];
    struct slice file;
    unsigned rate_hz;
    const int16_t *samples;
    uint8_t *ulaw = NULL;
    if (!source_is_own(name, ".wav")) {
        reader_fault(reader, path, "must be a .wav file in the tenant's folder");
    } else if (sources_get(sources, name, &file, why)) {
        reader_fault(reader, path, "cannot be read: %s", why);
    } else if (file.len > max_bytes) {
        reader_fault(reader, path, "must be a file of at most %zu KiB", max_bytes >> 10);
    } else if (wav_read(file, &rate_hz, &samples, len) || rate_hz < RATE_HZ ||
               rate_hz > RATE_MAX_HZ) {
        reader_fault(reader, path, "must be 16-bit mono PCM of 8 to 48 kHz");
    } else {
        ulaw = to_ulaw(samples, len, rate_hz);
        if (!ulaw)
            reader_fault(reader, path, "no memory");
    }
    return ulaw;
}

static bool is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && len < AGENT_SOUND_NAME_SIZE && name[len] == 0;
}

static size_t file_bytes(const struct sources *sources, const char *name)
{
    const struct source *source = sources_find(sources, name);
    return source ? source->len : 0;
}

/* The field on top of the stack, its name below. */
static void read_sound(struct agent_reading *reading, size_t *bytes)
{
    struct reader *reader = &reading->reader;
    struct sources *sources = reading->program->sources;
    char path[64] = "sounds";
    const char *name =
        lua_type(reader->lua, -2) == LUA_TSTRING ? lua_tostring(reader->lua, -2) : "";
    const char *file =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
    struct agent_sound *sound = &reading->agent->sounds[reading->agent->sound_count];
    if (!is_name(name)) {
        reader_fault(reader, path, "must have names such as closing_time");
        return;
    }
    snprintf(path, sizeof path, "sounds.%s", name);
    sound->ulaw = agent_read_wav(reader, sources, path, file, AGENT_SOUNDS_MAX_BYTES, &sound->len);
    if (!sound->ulaw)
        return;
    slice_copy(slice_from(name), sound->name, sizeof sound->name);
    reading->agent->sound_count++;
    *bytes += file_bytes(sources, file);
    if (!sound->len || sound->len > SOUND_MAX_S * RATE_HZ)
        reader_fault(reader, path, "must last at most %d s, and not be empty", SOUND_MAX_S);
}

void agent_read_sounds(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    size_t bytes = 0;
    if (!reader_enter(reader, "", "sounds", LUA_TTABLE))
        return;
    for (lua_pushnil(reader->lua); lua_next(reader->lua, -2); lua_pop(reader->lua, 1)) {
        if (reading->agent->sound_count == AGENT_SOUNDS_MAX)
            reader_fault(reader, "sounds", "must hold at most %d", AGENT_SOUNDS_MAX);
        else if (bytes <= AGENT_SOUNDS_MAX_BYTES) /* what is too much costs no time */
            read_sound(reading, &bytes);
    }
    if (bytes > AGENT_SOUNDS_MAX_BYTES)
        reader_fault(reader, "sounds", "must take at most 1 MiB, all files together");
    lua_pop(reader->lua, 1);
}
