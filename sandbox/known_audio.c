#include "known_audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SAMPLES 160
#define BLOCKS_MAX 3000
#define ENTRIES_MAX 1000
#define LEAST_BLOCKS 10
#define FLOOR_DB 40.0f       /* of the squared sample: about -50 dBov */
#define VOICE_DB 46.0f       /* a block above it is voice */
#define WHOLE_ALIKE 0.8      /* correlation from which two recordings are one */
#define PART_ALIKE 0.9       /* the same where one is a part of the other */
#define WHOLE_OVERLAP 0.8    /* of the longer one */
#define FIRST_PART_BLOCKS 15 /* a part that begins later is not the first */

struct known_entry {
    struct envelope envelope;
    size_t count; /* blocks without the silence at the end */
    char *text;
};

/* ---- envelopes ---- */

static float decibels(double energy)
{
    double db = 10 * log10(energy / BLOCK_SAMPLES + 1);
    return db > FLOOR_DB ? (float)db : FLOOR_DB;
}

static bool make_room(struct envelope *envelope)
{
    if (envelope->count < envelope->room)
        return true;
    size_t room = envelope->room ? envelope->room * 2 : 64;
    float *levels =
        envelope->count < BLOCKS_MAX ? realloc(envelope->levels, room * 2 * sizeof *levels) : NULL;
    if (!levels)
        return false;
    envelope->levels = levels;
    envelope->room = room;
    return true;
}

static void end_block(struct envelope *envelope)
{
    float signal = decibels(envelope->signal), difference = decibels(envelope->difference);
    envelope->signal = envelope->difference = 0;
    envelope->filled = 0;
    if ((!envelope->count && signal < VOICE_DB) || !make_room(envelope))
        return;
    envelope->levels[2 * envelope->count] = signal;
    envelope->levels[2 * envelope->count + 1] = difference;
    envelope->count++;
}

void envelope_add(struct envelope *envelope, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double difference = (double)pcm[i] - envelope->last;
        envelope->signal += (double)pcm[i] * pcm[i];
        envelope->difference += difference * difference;
        envelope->last = pcm[i];
        if (++envelope->filled == BLOCK_SAMPLES)
            end_block(envelope);
    }
}

void envelope_free(struct envelope *envelope)
{
    free(envelope->levels);
    *envelope = (struct envelope){0};
}

static size_t voiced_blocks(const struct envelope *envelope)
{
    size_t count = envelope->count;
    while (count && envelope->levels[2 * (count - 1)] < VOICE_DB)
        count--;
    return count;
}

/* ---- likeness ---- */

/* Correlation of one of the two levels over `count` blocks. */
static double correlation(const float *a, const float *b, size_t count)
{
    double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < 2 * count; i += 2) {
        sum_a += a[i];
        sum_b += b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        ab += (double)a[i] * b[i];
    }
    double n = (double)count;
    double variance = (aa - sum_a * sum_a / n) * (bb - sum_b * sum_b / n);
    return variance > 1e-6 ? (ab - sum_a * sum_b / n) / sqrt(variance) : 0;
}

struct likeness {
    double whole;     /* best correlation where nearly all of both overlaps */
    double part;      /* best one where the heard sound lies within the recording */
    size_t part_from; /* block of the recording where that begins */
};

static void compare_at(struct likeness *likeness, const struct known_entry *entry,
    const struct envelope *heard, size_t heard_count, long lag)
{
    size_t from_entry = lag > 0 ? (size_t)lag : 0, from_heard = lag < 0 ? (size_t)-lag : 0;
    size_t overlap = entry->count - from_entry;
    if (heard_count - from_heard < overlap)
        overlap = heard_count - from_heard;
    size_t longer = entry->count > heard_count ? entry->count : heard_count;
    bool is_whole = (double)overlap >= WHOLE_OVERLAP * (double)longer;
    bool is_part = !is_whole && overlap == heard_count;
    if (overlap < LEAST_BLOCKS || (!is_whole && !is_part))
        return;
    const float *a = entry->envelope.levels + 2 * from_entry;
    const float *b = heard->levels + 2 * from_heard;
    double alike = (correlation(a, b, overlap) + correlation(a + 1, b + 1, overlap)) / 2;
    if (is_whole && alike > likeness->whole)
        likeness->whole = alike;
    if (is_part && alike > likeness->part) {
        likeness->part = alike;
        likeness->part_from = from_entry;
    }
}

static struct likeness compare(
    const struct known_entry *entry, const struct envelope *heard, size_t heard_count)
{
    struct likeness likeness = {0};
    for (long lag = 1 - (long)heard_count; lag < (long)entry->count; lag++)
        compare_at(&likeness, entry, heard, heard_count, lag);
    return likeness;
}

const char *known_audio_find(const struct known_audio *known, const struct envelope *heard)
{
    const char *whole = NULL, *part = NULL;
    double best_whole = WHOLE_ALIKE, best_part = PART_ALIKE;
    size_t count = voiced_blocks(heard);
    for (size_t i = 0; i < known->count && count; i++) {
        struct likeness likeness = compare(&known->entries[i], heard, count);
        if (likeness.whole > best_whole) {
            best_whole = likeness.whole;
            whole = known->entries[i].text;
        }
        if (likeness.part > best_part) {
            best_part = likeness.part;
            part = likeness.part_from > FIRST_PART_BLOCKS ? "" : known->entries[i].text;
        }
    }
    return whole ? whole : part;
}

/* ---- what is known ---- */

void known_audio_clear(struct known_audio *known)
{
    for (size_t i = 0; i < known->count; i++) {
        envelope_free(&known->entries[i].envelope);
        free(known->entries[i].text);
    }
    free(known->entries);
    *known = (struct known_audio){0};
}

enum err known_audio_add(
    struct known_audio *known, const int16_t *pcm, size_t count, const char *text)
{
    if (known->count >= ENTRIES_MAX)
        return ERR_FULL;
    struct known_entry *entries =
        realloc(known->entries, (known->count + 1) * sizeof *known->entries);
    if (!entries)
        return ERR_NOMEM;
    known->entries = entries;
    struct known_entry entry = {.text = strdup(text)};
    envelope_add(&entry.envelope, pcm, count);
    entry.count = voiced_blocks(&entry.envelope);
    if (!entry.text || entry.count < LEAST_BLOCKS) {
        enum err err = entry.text ? ERR_BAD : ERR_NOMEM;
        envelope_free(&entry.envelope);
        free(entry.text);
        return err;
    }
    entries[known->count++] = entry;
    return ERR_OK;
}
