#include "sounds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <espeak-ng/speak_lib.h>

#include "media/frame.h"
#include "media/g711.h"
#include "media/resample.h"

#define FULL_SCALE 32768.0
#define PAUSE_DB 25 /* below the loudest frame: not speech any more */

/* ---- speech ---- */

static int16_t spoken[22050 * 30];
static size_t spoken_count;
static int spoken_rate_hz;

static int on_speech(short *wav, int count, espeak_EVENT *events)
{
    size_t room = sizeof spoken / sizeof *spoken - spoken_count;
    size_t taken = wav && count > 0 ? (size_t)count : 0;
    taken = taken < room ? taken : room;
    if (taken)
        memcpy(spoken + spoken_count, wav, taken * sizeof *wav);
    spoken_count += taken;
    return 0;
}

int sounds_start(void **state)
{
    spoken_rate_hz = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, 0);
    espeak_SetSynthCallback(on_speech);
    return spoken_rate_hz > 0 ? 0 : -1;
}

int sounds_stop(void **state)
{
    return espeak_Terminate() == EE_OK ? 0 : -1;
}

static double power_of(const int16_t *pcm, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)pcm[i] * pcm[i];
    return count ? sum / (double)count : 0;
}

static double speech_power(const int16_t *pcm, size_t count)
{
    double loudest = 0, sum = 0;
    unsigned frames = 0;
    for (size_t at = 0; at + FRAME_SAMPLES <= count; at += FRAME_SAMPLES)
        loudest = fmax(loudest, power_of(pcm + at, FRAME_SAMPLES));
    for (size_t at = 0; at + FRAME_SAMPLES <= count; at += FRAME_SAMPLES) {
        double power = power_of(pcm + at, FRAME_SAMPLES);
        if (power < loudest * pow(10, -PAUSE_DB / 10.0))
            continue;
        sum += power;
        frames++;
    }
    return frames ? sum / frames : 0;
}

double sound_level_dbov(const int16_t *pcm, size_t count, int is_speech)
{
    double power = is_speech ? speech_power(pcm, count) : power_of(pcm, count);
    return 10 * log10(power / (FULL_SCALE * FULL_SCALE) + 1e-12);
}

static int16_t clipped(double sample)
{
    return (int16_t)lrint(fmax(-32768, fmin(32767, sample)));
}

size_t sound_speak(
    const char *voice, const char *text, double level_dbov, int16_t *out, size_t room)
{
    spoken_count = 0;
    assert_int_equal(espeak_SetVoiceByName(voice), EE_OK);
    assert_int_equal(
        espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, NULL),
        EE_OK);
    struct resample *resample;
    assert_int_equal(resample_create(&resample, (unsigned)spoken_rate_hz, SOUND_RATE_HZ), ERR_OK);
    size_t count = resample_run(resample, out, room, spoken, spoken_count);
    resample_destroy(resample);
    double gain = pow(10, (level_dbov - sound_level_dbov(out, count, 1)) / 20);
    for (size_t i = 0; i < count; i++)
        out[i] = clipped(out[i] * gain);
    return count;
}

/* ---- what is added to a line ---- */

void sound_add(int16_t *pcm, const int16_t *other, size_t count, double gain_db)
{
    double gain = pow(10, gain_db / 20);
    for (size_t i = 0; i < count; i++)
        pcm[i] = clipped(pcm[i] + other[i] * gain);
}

static double white(unsigned *seed)
{
    return (2.0 * rand_r(seed) / RAND_MAX - 1) * sqrt(3); /* of power 1 */
}

static double amplitude(double level_dbov)
{
    return FULL_SCALE * pow(10, level_dbov / 20);
}

void sound_add_white(int16_t *pcm, size_t count, double level_dbov, unsigned *seed)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = clipped(pcm[i] + white(seed) * amplitude(level_dbov));
}

/* White noise through three leaky integrators a decade apart: −3 dB an octave within 0.5 dB. */
void sound_add_pink(int16_t *pcm, size_t count, double level_dbov, unsigned *seed)
{
    static const double poles[] = {0.997, 0.964, 0.55}, weights[] = {0.09, 0.30, 1.05};
    static const double power = 8.2;
    double low[3] = {0};
    for (size_t i = 0; i < count; i++) {
        double noise = white(seed), sum = 0.18 * noise;
        for (unsigned k = 0; k < 3; k++) {
            low[k] = poles[k] * low[k] + weights[k] * noise;
            sum += low[k];
        }
        pcm[i] = clipped(pcm[i] + sum / sqrt(power) * amplitude(level_dbov));
    }
}

void sound_add_tone(int16_t *pcm, size_t count, double hz, double level_dbov)
{
    double peak = amplitude(level_dbov) * M_SQRT2;
    for (size_t i = 0; i < count; i++)
        pcm[i] = clipped(pcm[i] + peak * sin(2 * M_PI * hz * (double)i / SOUND_RATE_HZ));
}

void sound_add_hum(int16_t *pcm, size_t count, double level_dbov)
{
    static const double hz[] = {50, 150, 250, 350, 550}, below_db[] = {4, 4, 8, 12, 16};
    for (unsigned i = 0; i < sizeof hz / sizeof *hz; i++)
        sound_add_tone(pcm, count, hz[i], level_dbov - below_db[i]);
}

void sound_add_babble(int16_t *pcm, size_t count, double level_dbov)
{
    static const char *const voices[] = {"en-us", "en", "fr", "de", "es", "en-us+f3"};
    static const char *const texts[] = {
        "and then we went to the market and bought apples, oranges and a very large melon,",
        "the train was late again this morning so everybody stood on the platform in the rain,",
        "je ne sais pas si nous allons partir demain ou la semaine prochaine, on verra bien,",
        "wir haben gestern lange im Garten gesessen und über alles mögliche geredet,",
        "mañana por la tarde vamos a comer con toda la familia en casa de la abuela,",
        "could somebody please tell me where the meeting room on the second floor is,",
    };
    static int16_t room[6][SOUND_RATE_HZ * 12];
    static size_t lengths[6];
    double gain = pow(10, (level_dbov - 10 * log10(6) + 20) / 20);
    for (unsigned i = 0; i < 6; i++) {
        if (!lengths[i])
            lengths[i] = sound_speak(voices[i], texts[i], -20, room[i], SOUND_RATE_HZ * 12);
        for (size_t at = 0; at < count; at++)
            pcm[at] = clipped(pcm[at] + room[i][(at + i * 4111) % lengths[i]] * gain);
    }
}

/* ---- music ---- */

static double chord_sample(unsigned chord, double t_s)
{
    static const double roots_hz[] = {220, 174.6, 261.6, 196};
    static const double steps[] = {1, 1.2599, 1.4983, 2};
    double sum = 0;
    for (unsigned note = 0; note < 4; note++)
        for (unsigned partial = 1; partial <= 5; partial++) {
            double hz = roots_hz[chord % 4] * steps[note] * partial;
            sum += hz < 3400 ? sin(2 * M_PI * hz * t_s) / partial : 0;
        }
    return sum / sqrt(4 * 0.73); /* of power about 1 */
}

void sound_add_music(
    int16_t *pcm, size_t count, double level_dbov, enum sound_music kind, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        double t_s = (double)i / SOUND_RATE_HZ;
        double since_beat_s = fmod(t_s, 0.5);
        double sample = chord_sample((unsigned)(t_s / 2), t_s);
        if (kind == MUSIC_PLUCKED)
            sample *= 2.2 * exp(-since_beat_s * 5);
        if (kind == MUSIC_BEAT)
            sample += 2.5 * white(&seed) * exp(-since_beat_s * 40);
        pcm[i] = clipped(pcm[i] + sample * amplitude(level_dbov));
    }
}

/* ---- the way back ---- */

void sound_add_echo(int16_t *pcm, const int16_t *played, size_t count, double loss_db,
    unsigned delay_ms, int is_coloured)
{
    double gain = pow(10, -loss_db / 20), low = 0, lower = 0;
    size_t delay = (size_t)delay_ms * SOUND_RATE_HZ / 1000;
    for (size_t i = delay; i < count; i++) {
        double sample = played[i - delay];
        if (is_coloured) { /* bass lost, treble dull */
            low += 0.55 * (sample - low);
            lower += 0.25 * (low - lower);
            sample = 1.5 * (low - lower);
        }
        pcm[i] = clipped(pcm[i] + sample * gain);
    }
}

void sound_through_telephone(int16_t *pcm, size_t count)
{
    uint8_t code;
    for (size_t i = 0; i < count; i++) {
        g711_to_ulaw(&code, pcm + i, 1);
        g711_to_pcm(pcm + i, &code, 1);
    }
}
