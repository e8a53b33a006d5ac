#include "sound/stoi.h"

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "media/resample.h"

#define RATE_HZ 10000
#define WINDOW 256
#define HOP (WINDOW / 2)
#define FFT_SIZE 512
#define BANDS 15
#define LOWEST_HZ 150.0
#define SEGMENT 30             /* windows: 384 ms */
#define SILENCE_DB 40.0        /* below the loudest window */
#define CLIP (1 + 5.623413252) /* a cell may exceed the clean one by 15 dB */
#define TINY 1e-12

struct signal {
    double *samples;
    size_t count;
    double (*bands)[BANDS]; /* of each window */
    size_t windows;
};

static double window[WINDOW];
static double complex turns[FFT_SIZE / 2];
static size_t band_from[BANDS], band_to[BANDS];

static size_t bin_of(double hz)
{
    return (size_t)lround(hz * FFT_SIZE / RATE_HZ);
}

static void prepare(void)
{
    for (size_t i = 0; i < WINDOW; i++)
        window[i] = 0.5 * (1 - cos(2 * M_PI * (double)(i + 1) / (WINDOW + 1)));
    for (size_t i = 0; i < FFT_SIZE / 2; i++)
        turns[i] = cexp(-2 * M_PI * I * (double)i / FFT_SIZE);
    for (size_t band = 0; band < BANDS; band++) {
        double centre_hz = LOWEST_HZ * pow(2, (double)band / 3);
        band_from[band] = bin_of(centre_hz * pow(2, -1.0 / 6));
        band_to[band] = bin_of(centre_hz * pow(2, 1.0 / 6));
    }
}

static void fft(double complex *x, size_t size)
{
    if (size == 1)
        return;
    double complex even[FFT_SIZE / 2], odd[FFT_SIZE / 2];
    for (size_t i = 0; i < size / 2; i++) {
        even[i] = x[2 * i];
        odd[i] = x[2 * i + 1];
    }
    fft(even, size / 2);
    fft(odd, size / 2);
    for (size_t i = 0; i < size / 2; i++) {
        double complex turned = turns[i * FFT_SIZE / size] * odd[i];
        x[i] = even[i] + turned;
        x[i + size / 2] = even[i] - turned;
    }
}

static size_t windows_in(size_t samples)
{
    return samples < WINDOW ? 0 : (samples - WINDOW) / HOP + 1;
}

static bool read_signal(struct signal *signal, const int16_t *pcm, size_t count)
{
    struct resample *resample;
    size_t room = count * RATE_HZ / 8000 + 16;
    int16_t *wide = malloc(room * sizeof *wide);
    *signal = (struct signal){.samples = calloc(room + WINDOW, sizeof *signal->samples)};
    bool is_ready = wide && signal->samples && resample_create(&resample, 8000, RATE_HZ) == ERR_OK;
    if (is_ready) {
        signal->count = resample_run(resample, wide, room, pcm, count);
        for (size_t i = 0; i < signal->count; i++)
            signal->samples[i] = wide[i];
        resample_destroy(resample);
    }
    free(wide);
    return is_ready;
}

static void free_signal(struct signal *signal)
{
    free(signal->samples);
    free(signal->bands);
}

static double window_db(const double *samples)
{
    double sum = 0;
    for (size_t i = 0; i < WINDOW; i++)
        sum += window[i] * window[i] * samples[i] * samples[i];
    return 10 * log10(sum + TINY);
}

static void add_window(double *out, const double *in)
{
    for (size_t i = 0; i < WINDOW; i++)
        out[i] += window[i] * in[i];
}

/* Takes the windows out in which the clean signal is silent, of both; the rest is overlapped and added. */
static bool drop_silence(struct signal *clean, struct signal *heard)
{
    size_t count = clean->count < heard->count ? clean->count : heard->count;
    size_t kept = 0;
    double loudest = -INFINITY;
    double *both[2] = {
        calloc(count + WINDOW, sizeof(double)), calloc(count + WINDOW, sizeof(double))};
    for (size_t n = 0; n < windows_in(count); n++)
        loudest = fmax(loudest, window_db(clean->samples + n * HOP));
    for (size_t n = 0; n < windows_in(count) && both[0] && both[1]; n++) {
        if (window_db(clean->samples + n * HOP) <= loudest - SILENCE_DB)
            continue;
        add_window(both[0] + kept * HOP, clean->samples + n * HOP);
        add_window(both[1] + kept * HOP, heard->samples + n * HOP);
        kept++;
    }
    free(clean->samples);
    free(heard->samples);
    clean->samples = both[0];
    heard->samples = both[1];
    clean->windows = heard->windows = kept;
    return both[0] && both[1] && kept >= SEGMENT;
}

static bool measure_bands(struct signal *signal)
{
    signal->bands = malloc(signal->windows * sizeof *signal->bands);
    for (size_t n = 0; n < signal->windows && signal->bands; n++) {
        double complex x[FFT_SIZE] = {0};
        for (size_t i = 0; i < WINDOW; i++)
            x[i] = window[i] * signal->samples[n * HOP + i];
        fft(x, FFT_SIZE);
        for (size_t band = 0; band < BANDS; band++) {
            double power = 0;
            for (size_t bin = band_from[band]; bin < band_to[band]; bin++)
                power += creal(x[bin]) * creal(x[bin]) + cimag(x[bin]) * cimag(x[bin]);
            signal->bands[n][band] = sqrt(power);
        }
    }
    return signal->bands != NULL;
}

/* Of one band over one segment, heard brought to the clean one's level and clipped. */
static double likeness(const double (*clean)[BANDS], const double (*heard)[BANDS], size_t band)
{
    double xx = 0, yy = 0, x_mean = 0, y_mean = 0, y[SEGMENT];
    for (size_t n = 0; n < SEGMENT; n++) {
        xx += clean[n][band] * clean[n][band];
        yy += heard[n][band] * heard[n][band];
    }
    double level = sqrt(xx / (yy + TINY));
    for (size_t n = 0; n < SEGMENT; n++) {
        y[n] = fmin(level * heard[n][band], CLIP * clean[n][band]);
        x_mean += clean[n][band] / SEGMENT;
        y_mean += y[n] / SEGMENT;
    }
    double both = 0;
    xx = yy = 0;
    for (size_t n = 0; n < SEGMENT; n++) {
        double a = clean[n][band] - x_mean, b = y[n] - y_mean;
        both += a * b;
        xx += a * a;
        yy += b * b;
    }
    return both / (sqrt(xx * yy) + TINY);
}

static double compare(const struct signal *clean, const struct signal *heard)
{
    double sum = 0;
    size_t segments = clean->windows - SEGMENT + 1;
    for (size_t n = 0; n < segments; n++)
        for (size_t band = 0; band < BANDS; band++)
            sum += likeness((const double(*)[BANDS])clean->bands + n,
                (const double(*)[BANDS])heard->bands + n, band);
    return sum / (double)(segments * BANDS);
}

double stoi(const int16_t *clean, const int16_t *heard, size_t count)
{
    struct signal x = {0}, y = {0};
    prepare();
    bool is_ready = read_signal(&x, clean, count);
    is_ready = read_signal(&y, heard, count) && is_ready;
    is_ready = is_ready && drop_silence(&x, &y) && measure_bands(&x) && measure_bands(&y);
    double result = is_ready ? compare(&x, &y) : NAN;
    free_signal(&x);
    free_signal(&y);
    return result;
}
