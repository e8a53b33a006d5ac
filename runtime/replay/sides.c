#include "replay/sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"
#include "media/g711.h"
#include "media/wav.h"
#include "replay/packed.h"

#define BYTES_PER_MS (FRAME_BYTES / FRAME_MS)
#define TAIL_MS 2000   /* that the agent may be heard after the last record */
#define JUMP_MS 1000   /* a timestamp this far from its arrival is another clock */
#define WAV_BLOCK 4096 /* samples at a time */

struct placing {
    struct sides *sides;
    bool is_based;
    int64_t offset_ms; /* from the carrier's clock to the call's */
};

static void place(uint8_t *side, size_t len, int64_t at_ms, struct slice ulaw)
{
    if (at_ms < 0 || (uint64_t)at_ms > SIDES_MAX_MS)
        return;
    size_t at = (size_t)at_ms * BYTES_PER_MS;
    if (at < len)
        memcpy(side + at, ulaw.data, ulaw.len < len - at ? ulaw.len : len - at);
}

static void place_caller(struct placing *placing, const struct capture_record *record)
{
    struct packed_media media;
    if (packed_media_in(&media, record->content) != ERR_OK)
        return;
    int64_t length_ms = (int64_t)(media.ulaw.len / BYTES_PER_MS);
    int64_t came_ms = (int64_t)record->at_ms - length_ms; /* its first sample, at the earliest */
    int64_t at_ms = (int64_t)media.ms + placing->offset_ms;
    if (!placing->is_based || llabs(at_ms - came_ms) > JUMP_MS) {
        placing->offset_ms = came_ms - (int64_t)media.ms;
        placing->is_based = true;
        at_ms = came_ms;
    }
    place(placing->sides->caller, placing->sides->len, at_ms < 0 ? 0 : at_ms, media.ulaw);
}

static void place_agent(struct sides *sides, const struct capture_record *record)
{
    struct packed_media media;
    if (packed_media_out(&media, record->content) == ERR_OK && media.ms < SIDES_MAX_MS)
        place(sides->agent, sides->len, (int64_t)(record->at_ms + media.ms), media.ulaw);
}

static void take_back(struct sides *sides, uint64_t from_ms)
{
    size_t at = from_ms > SIDES_MAX_MS ? sides->len : (size_t)from_ms * BYTES_PER_MS;
    if (at < sides->len)
        memset(sides->agent + at, ULAW_SILENCE, sides->len - at);
}

static void place_all(struct sides *sides, struct capture_reader *reader)
{
    struct placing placing = {.sides = sides};
    struct capture_record record;
    while (capture_read(reader, &record) == ERR_OK && record.at_ms <= SIDES_MAX_MS) {
        if (record.kind == CAPTURE_MEDIA_IN)
            place_caller(&placing, &record);
        else if (record.kind == CAPTURE_MEDIA_OUT)
            place_agent(sides, &record);
        else if (record.kind == CAPTURE_CLEAR)
            take_back(sides, record.at_ms);
    }
}

static size_t length_of(const struct replay_file *file)
{
    struct capture_reader reader;
    struct capture_record record;
    uint64_t last_ms = 0;
    replay_file_read(file, &reader);
    while (capture_read(&reader, &record) == ERR_OK && last_ms <= SIDES_MAX_MS)
        last_ms = record.at_ms;
    capture_reader_free(&reader);
    return (size_t)((last_ms < SIDES_MAX_MS ? last_ms : SIDES_MAX_MS) + TAIL_MS) * BYTES_PER_MS;
}

enum err sides_of(struct sides *sides, const struct replay_file *file)
{
    *sides = (struct sides){.len = length_of(file)};
    sides->caller = malloc(sides->len);
    sides->agent = malloc(sides->len);
    if (!sides->caller || !sides->agent) {
        sides_free(sides);
        return ERR_NOMEM;
    }
    memset(sides->caller, ULAW_SILENCE, sides->len);
    memset(sides->agent, ULAW_SILENCE, sides->len);
    struct capture_reader reader;
    replay_file_read(file, &reader);
    place_all(sides, &reader);
    capture_reader_free(&reader);
    return ERR_OK;
}

void sides_free(struct sides *sides)
{
    free(sides->caller);
    free(sides->agent);
    *sides = (struct sides){0};
}

/* ---- WAV ---- */

static void put_u16(uint8_t *at, unsigned number)
{
    at[0] = (uint8_t)number;
    at[1] = (uint8_t)(number >> 8);
}

static void put_u32(uint8_t *at, uint32_t number)
{
    put_u16(at, number & 0xffff);
    put_u16(at + 2, number >> 16);
}

/* The mono header is media's; the second channel changes what follows from it. */
static void make_header(uint8_t header[WAV_HEADER_BYTES], size_t samples, unsigned channels)
{
    wav_header(header, 8000, (uint32_t)(samples * channels));
    put_u16(header + 22, channels);
    put_u32(header + 28, 8000 * 2 * channels);
    put_u16(header + 32, 2 * channels);
}

static bool write_block(FILE *to, const uint8_t *left, const uint8_t *right, size_t count)
{
    static __thread int16_t l[WAV_BLOCK], r[WAV_BLOCK], both[2 * WAV_BLOCK];
    g711_to_pcm(l, left, count);
    if (!right)
        return fwrite(l, sizeof *l, count, to) == count;
    g711_to_pcm(r, right, count);
    for (size_t i = 0; i < count; i++) {
        both[2 * i] = l[i];
        both[2 * i + 1] = r[i];
    }
    return fwrite(both, 2 * sizeof *both, count, to) == count;
}

enum err sides_write_wav(const char *path, const uint8_t *left, const uint8_t *right, size_t len)
{
    FILE *to = replay_file_make(path);
    if (!to)
        return ERR_SYSTEM;
    uint8_t header[WAV_HEADER_BYTES];
    make_header(header, len, right ? 2 : 1);
    bool is_written = fwrite(header, 1, sizeof header, to) == sizeof header;
    for (size_t at = 0; is_written && at < len; at += WAV_BLOCK)
        is_written = write_block(
            to, left + at, right ? right + at : NULL, len - at < WAV_BLOCK ? len - at : WAV_BLOCK);
    return fclose(to) == 0 && is_written ? ERR_OK : ERR_SYSTEM;
}
