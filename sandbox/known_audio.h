/* Recordings whose words are known: an utterance that sounds like one of them is "heard" as its text, however
   many callers talk at once. Two sounds are compared by how loud they are and how sharp, block by block of
   20 ms, so that another level, coding or sample rate, or silence around it, changes nothing. Pure.

   A service that is told to commit in a pause of the recording gets its parts: the first is heard as the
   whole text, the others as nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct envelope {  /* of 8 kHz audio, from its first voice on; zeroed is empty */
    float *levels; /* two for each block: decibels of the signal and of its difference */
    size_t count;  /* blocks */
    size_t room;
    double signal, difference; /* energies of the block that is not full */
    unsigned filled;           /* its samples */
    int16_t last;
};

/* At most a minute is kept; what does not fit into memory is left out. */
void envelope_add(struct envelope *envelope, const int16_t *pcm, size_t count);
void envelope_free(struct envelope *envelope);

struct known_entry;
struct known_audio { /* zeroed is empty */
    struct known_entry *entries;
    size_t count;
};

void known_audio_clear(struct known_audio *known);
/* ERR_FULL: a thousand are known; ERR_BAD: there is no voice in it, or less than 200 ms. */
must_use enum err known_audio_add(
    struct known_audio *known, const int16_t *pcm, size_t count, const char *text);
/* The text of the recording that sounds the same, "" for a later part of one; NULL: none does. */
const char *known_audio_find(const struct known_audio *known, const struct envelope *heard);
