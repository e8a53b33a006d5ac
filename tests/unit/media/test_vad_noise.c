/* What is no caller: noise, tones, music, clicks. Over minutes, each table row says how often it may be taken for speech and
   how long at most. Rows with more than nothing are the limits of the mechanism, kept here so that they are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listen.h"
#include "sounds.h"

#define RATE_HZ SOUND_RATE_HZ
#define MINUTE (RATE_HZ * 60)
#define LONGEST (MINUTE * 3)
#define LATER (RATE_HZ * 10) /* where a sound sets in that was not there from the beginning */

static int16_t pcm[LONGEST];
static unsigned seed;

/* ---- sounds ---- */

static void white(int16_t *to, size_t count, double dbov)
{
    sound_add_white(to, count, dbov, &seed);
}

static void pink(int16_t *to, size_t count, double dbov)
{
    sound_add_pink(to, count, dbov, &seed);
}

static void constant(int16_t *to, size_t count, double value)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (int16_t)value;
}

static void dial_tone(int16_t *to, size_t count, double dbov)
{
    sound_add_tone(to, count, 350, dbov - 3);
    sound_add_tone(to, count, 440, dbov - 3);
}

static void european_dial_tone(int16_t *to, size_t count, double dbov)
{
    sound_add_tone(to, count, 425, dbov);
}

static void beeps(
    int16_t *to, size_t count, const double hz[2], double dbov, const double on_off_s[2])
{
    size_t on = (size_t)(on_off_s[0] * RATE_HZ), off = (size_t)(on_off_s[1] * RATE_HZ);
    for (size_t at = 0; at + on <= count; at += on + off) {
        sound_add_tone(to + at, on, hz[0], dbov - 3);
        sound_add_tone(to + at, on, hz[1], dbov - 3);
    }
}

static void ringback(int16_t *to, size_t count, double dbov)
{
    beeps(to, count, (double[]){440, 480}, dbov, (double[]){2, 4});
}

static void busy_tone(int16_t *to, size_t count, double dbov)
{
    beeps(to, count, (double[]){480, 620}, dbov, (double[]){0.5, 0.5});
}

static void dtmf(int16_t *to, size_t count, double dbov)
{
    static const double low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};
    for (size_t at = 0, key = 0; at + 2400 <= count; at += 2400, key++)
        beeps(
            to + at, 2400, (double[]){low[key % 4], high[key / 4 % 4]}, dbov, (double[]){0.2, 0.1});
}

static void held_chords(int16_t *to, size_t count, double dbov)
{
    sound_add_music(to, count, dbov, MUSIC_PAD, 1);
}

static void plucked_chords(int16_t *to, size_t count, double dbov)
{
    sound_add_music(to, count, dbov, MUSIC_PLUCKED, 1);
}

static void chords_with_drums(int16_t *to, size_t count, double dbov)
{
    sound_add_music(to, count, dbov, MUSIC_BEAT, 1);
}

static void clicks(int16_t *to, size_t count, double dbov)
{
    for (size_t at = 0; at < count; at++) /* a millisecond, once a second */
        to[at] = at % RATE_HZ < 8 ? 12000 : 0;
}

static void knocks(int16_t *to, size_t count, double dbov)
{
    for (size_t at = 0; at + 400 <= count; at += RATE_HZ) /* 50 ms, once a second */
        sound_add_white(to + at, 400, dbov, &seed);
}

static void coughs(int16_t *to, size_t count, double dbov)
{
    double peak = 32768 * pow(10, dbov / 20) * sqrt(3);
    for (size_t at = 0; at + 2400 <= count; at += RATE_HZ * 3) /* 300 ms that die away */
        for (size_t i = 0; i < 2400; i++)
            to[at + i] =
                (int16_t)(peak * exp(-(double)i / 900) * (2.0 * rand_r(&seed) / RAND_MAX - 1));
}

/* ---- what is made of them ---- */

struct row {
    const char *what;
    void (*add)(int16_t *to, size_t count, double dbov);
    double dbov;
    size_t from;
    unsigned minutes;
    unsigned starts; /* at most */
    double speech_ms;
};

static void run(const struct row *row)
{
    size_t count = row->minutes * (size_t)MINUTE;
    memset(pcm, 0, sizeof pcm);
    seed = 17;
    if (row->from)
        sound_add_white(pcm, count, -65, &seed);
    row->add(pcm + row->from, count - row->from, row->dbov);
    sound_through_telephone(pcm, count);
    struct heard heard = listen(pcm, count, &vad_defaults);
    print_message("%-20s %6.0f %s: %3u starts, %6.0f ms of %u min\n", row->what, row->dbov,
        row->from ? "sets in      " : "from the start", heard.starts, heard.speech_ms,
        row->minutes);
    if (heard.starts > row->starts || heard.speech_ms > row->speech_ms)
        fail_msg("%s taken for speech", row->what);
}

static void run_all(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run(&rows[i]);
}

static void noise_is_nobody(void **state)
{
    static const struct row rows[] = {
        {"silence", constant, 0, 0, 1, 0, 0},
        {"a constant", constant, 3, 0, 1, 0, 0},
        {"a constant", constant, -200, 0, 1, 0, 0},
        {"a constant", constant, 8000, 0, 1, 0, 0},
        {"a constant", constant, -30000, 0, 1, 0, 0},
        {"white noise", white, -80, 0, 1, 0, 0},
        {"white noise", white, -60, 0, 3, 0, 0},
        {"white noise", white, -52, 0, 3, 0, 0},
        {"white noise", white, -45, 0, 3, 0, 0},
        {"white noise", white, -35, 0, 3, 0, 0},
        {"white noise", white, -25, 0, 3, 1, 4200},
        {"pink noise", pink, -52, 0, 3, 0, 0},
        {"pink noise", pink, -45, 0, 3, 0, 0},
        {"pink noise", pink, -35, 0, 3, 0, 0},
        {"pink noise", pink, -25, 0, 3, 1, 4200},
        {"hum", sound_add_hum, -50, 0, 1, 0, 0},
        {"hum", sound_add_hum, -35, 0, 1, 0, 0},
        {"hum", sound_add_hum, -25, 0, 1, 1, 4200},
        {"babble", sound_add_babble, -60, 0, 3, 0, 0},
        {"babble", sound_add_babble, -45, 0, 3, 14, 26000},
    };
    run_all(rows, sizeof rows / sizeof *rows);
}

/* A fan is switched on. It is a voice at most until the floor has followed. */
static void noise_that_sets_in_is_soon_nobody(void **state)
{
    static const struct row rows[] = {
        {"white noise", white, -52, LATER, 1, 1, 400},
        {"white noise", white, -40, LATER, 1, 1, 4200},
        {"white noise", white, -30, LATER, 1, 1, 4200},
        {"white noise", white, -20, LATER, 1, 1, 4200},
        {"pink noise", pink, -40, LATER, 1, 2, 4200},
        {"pink noise", pink, -25, LATER, 1, 2, 4200},
        {"hum", sound_add_hum, -30, LATER, 1, 1, 4200},
    };
    run_all(rows, sizeof rows / sizeof *rows);
}

static void tones_are_nobody(void **state)
{
    static const struct row rows[] = {
        {"dial tone", dial_tone, -15, 0, 1, 0, 0},
        {"dial tone", dial_tone, -15, LATER, 1, 0, 0},
        {"European dial tone", european_dial_tone, -15, LATER, 1, 0, 0},
        {"ringback", ringback, -20, LATER, 3, 0, 0},
        {"busy tone", busy_tone, -20, LATER, 3, 0, 0},
        {"DTMF", dtmf, -10, LATER, 3, 0, 0},
        {"DTMF", dtmf, -25, LATER, 3, 0, 0},
    };
    run_all(rows, sizeof rows / sizeof *rows);
}

/* Held sounds are noise after the floor's window. What dies away and comes back, as voices do, is taken for one. */
static void music_is_sometimes_somebody(void **state)
{
    static const struct row rows[] = {
        {"held chords", held_chords, -20, 0, 1, 2, 4400},
        {"held chords", held_chords, -20, LATER, 1, 2, 4400},
        {"held chords", held_chords, -35, LATER, 1, 2, 4400},
        {"chords with drums", chords_with_drums, -20, 0, 1, 2, 4400},
        {"chords with drums", chords_with_drums, -20, LATER, 1, 2, 4400},
        {"plucked chords", plucked_chords, -20, LATER, 1, 60, 60000},
    };
    run_all(rows, sizeof rows / sizeof *rows);
}

/* What is shorter than the onset starts nothing; a cough is a sound of the caller, and the engine's to judge. */
static void short_sounds_start_nothing(void **state)
{
    static const struct row rows[] = {
        {"clicks", clicks, 0, 0, 1, 0, 0},
        {"knocks", knocks, -15, LATER, 1, 0, 0},
        {"coughs", coughs, -15, LATER, 1, 17, 8000},
    };
    run_all(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_nobody),
        cmocka_unit_test(noise_that_sets_in_is_soon_nobody),
        cmocka_unit_test(tones_are_nobody),
        cmocka_unit_test(music_is_sometimes_somebody),
        cmocka_unit_test(short_sounds_start_nothing),
    };
    return cmocka_run_group_tests(tests, sounds_start, sounds_stop);
}
