/* What a telephone line brings, for tests of voice activity: spoken lines at a level, noise, tones, music, echo.
   Everything is made from its arguments and a seed: the same call makes the same samples. Levels are dBov of power
   (a full-scale square wave is 0); of speech, while it is there. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SOUND_RATE_HZ 8000

/* Group set-up and tear-down of tests that speak. */
int sounds_start(void **state);
int sounds_stop(void **state);

/* `text` as espeak-ng's `voice` ("en-us") says it. Returns the samples written, `room` at most. */
size_t sound_speak(
    const char *voice, const char *text, double level_dbov, int16_t *out, size_t room);
/* Power of the samples; with `is_speech`, of the 20 ms frames that are not pauses. */
double sound_level_dbov(const int16_t *pcm, size_t count, int is_speech);

/* These add to what is there, and clip as a line does. */
void sound_add(int16_t *pcm, const int16_t *other, size_t count, double gain_db);
void sound_add_white(int16_t *pcm, size_t count, double level_dbov, unsigned *seed);
void sound_add_pink(int16_t *pcm, size_t count, double level_dbov, unsigned *seed);
void sound_add_tone(int16_t *pcm, size_t count, double hz, double level_dbov);
void sound_add_hum(
    int16_t *pcm, size_t count, double level_dbov); /* 50 Hz and what it drags along */
/* Voices of six people in the room behind. */
void sound_add_babble(int16_t *pcm, size_t count, double level_dbov);
enum sound_music { MUSIC_PAD, MUSIC_PLUCKED, MUSIC_BEAT };
/* Chords that change every two seconds: held, plucked twice a second, or held with drums over them. */
void sound_add_music(
    int16_t *pcm, size_t count, double level_dbov, enum sound_music kind, unsigned seed);

/* `played` comes back `delay_ms` later and `loss_db` weaker, over a small loudspeaker when `is_coloured`. */
void sound_add_echo(int16_t *pcm, const int16_t *played, size_t count, double loss_db,
    unsigned delay_ms, int is_coloured);
void sound_through_telephone(int16_t *pcm, size_t count); /* µ-law and back */
