/* What one 20 ms frame costs in each step of the frame path: nanoseconds, median of several runs.
   Runs of the steps are interleaved, so that a slow moment of the machine meets all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "media/dtmf.h"
#include "media/echo_guard.h"
#include "media/g711.h"
#include "media/jitter.h"
#include "media/level.h"
#include "media/pacer.h"
#include "media/resample.h"
#include "media/tone.h"
#include "media/vad.h"

#define RUNS 15
#define FRAMES 2000 /* 40 s of a call */

struct bench {
    struct frame *frames;
    struct vad vad;
    struct dtmf dtmf;
    struct echo_guard guard;
    struct jitter jitter;
    struct pacer pacer;
    struct resample *resample;
    uint64_t now_ms; /* virtual */
    uint64_t check;  /* keeps results alive */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void decode(struct bench *bench, struct frame *frame)
{
    g711_to_pcm(frame->pcm, frame->ulaw, FRAME_SAMPLES);
    bench->check += (uint64_t)frame->pcm[0];
}

static void listen(struct bench *bench, struct frame *frame)
{
    bench->check += vad_frame(&bench->vad, frame->pcm);
}

static void listen_for_keys(struct bench *bench, struct frame *frame)
{
    bench->check += (uint64_t)dtmf_frame(&bench->dtmf, frame->pcm);
}

/* Part of vad_frame, of a frame that would be voice otherwise. */
static void tell_tone(struct bench *bench, struct frame *frame)
{
    bench->check += tone_is(frame->pcm);
}

/* Both ways, while we speak: what a frame sent costs, and what a frame heard costs beside the detector. */
static void guard(struct bench *bench, struct frame *frame)
{
    int16_t pcm[FRAME_SAMPLES];
    g711_to_pcm(pcm, frame->ulaw, FRAME_SAMPLES);
    echo_guard_play(&bench->guard, bench->now_ms, level_dbov(pcm));
    bench->check += echo_guard_level(&bench->guard, bench->now_ms) > -30;
    echo_guard_hear(&bench->guard, bench->now_ms, -40);
}

static void buffer(struct bench *bench, struct frame *frame)
{
    struct frame out;
    jitter_put(&bench->jitter, frame, bench->now_ms, bench->now_ms);
    bench->check += jitter_get(&bench->jitter, &out, bench->now_ms);
}

static void pace(struct bench *bench, struct frame *frame)
{
    uint8_t out[FRAME_BYTES];
    uint64_t late_ms = 0;
    if (pacer_put(&bench->pacer, frame->ulaw, bench->now_ms) != ERR_OK)
        abort();
    bench->check += pacer_take(&bench->pacer, out, bench->now_ms, &late_ms) + late_ms;
}

static void widen(struct bench *bench, struct frame *frame)
{
    int16_t out[3 * FRAME_SAMPLES + 16];
    bench->check +=
        resample_run(bench->resample, out, sizeof out / sizeof *out, frame->pcm, FRAME_SAMPLES);
}

static const struct step {
    const char *name;
    void (*run)(struct bench *bench, struct frame *frame);
} steps[] = {
    {"mu-law decode", decode},
    {"vad_frame", listen},
    {"  of it, a tone?", tell_tone},
    {"echo guard, speaking", guard},
    {"dtmf_frame", listen_for_keys},
    {"jitter put + get", buffer},
    {"pacer put + take", pace},
    {"resample 8 to 24 kHz", widen},
};
#define STEPS (sizeof steps / sizeof *steps)

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double run_once(struct bench *bench, const struct step *step)
{
    uint64_t start_ns = now_ns();
    for (unsigned i = 0; i < FRAMES; i++) {
        bench->now_ms += FRAME_MS;
        step->run(bench, &bench->frames[i]);
    }
    return (double)(now_ns() - start_ns) / FRAMES;
}

/* Something like speech: bursts of a buzzing tone and quiet between them. */
static void fill(struct frame *frames)
{
    unsigned seed = 1;
    for (unsigned i = 0; i < FRAMES * FRAME_SAMPLES; i++) {
        int loudness = i / 4000 % 3 ? 6000 : 20;
        int sample = (int)(i % 57) * loudness / 57 - loudness / 2 + rand_r(&seed) % 64;
        int16_t pcm = (int16_t)sample;
        g711_to_ulaw(&frames[i / FRAME_SAMPLES].ulaw[i % FRAME_SAMPLES], &pcm, 1);
    }
}

static enum err open_all(struct bench *bench)
{
    bench->frames = calloc(FRAMES, sizeof *bench->frames);
    if (!bench->frames)
        return ERR_NOMEM;
    fill(bench->frames);
    jitter_init(&bench->jitter, 20, 200);
    echo_guard_init(&bench->guard);
    pacer_init(&bench->pacer, 160);
    enum err err = vad_init(&bench->vad, &vad_defaults);
    if (!err)
        err = dtmf_init(&bench->dtmf);
    return err ? err : resample_create(&bench->resample, 8000, 24000);
}

int main(void)
{
    static struct bench bench;
    static double ns[STEPS][RUNS];
    enum err err = open_all(&bench);
    if (err) {
        fprintf(stderr, "bench_frame_path: cannot start: %s\n", err_name(err));
        return 1;
    }
    for (unsigned run = 0; run < RUNS; run++)
        for (unsigned i = 0; i < STEPS; i++)
            ns[i][run] = run_once(&bench, &steps[i]);
    double total = 0;
    printf("%-22s %10s %10s\n", "step", "ns/frame", "best");
    for (unsigned i = 0; i < STEPS; i++) {
        qsort(ns[i], RUNS, sizeof ns[i][0], by_value);
        printf("%-22s %10.0f %10.0f\n", steps[i].name, ns[i][RUNS / 2], ns[i][0]);
        total += ns[i][RUNS / 2];
    }
    printf("%-22s %10.0f\n", "all", total);
    printf("one core, 50 frames a second: %.3f %% a call (check %llu)\n", total * 50 / 1e9 * 100,
        (unsigned long long)bench.check);
    vad_close(&bench.vad);
    dtmf_close(&bench.dtmf);
    resample_destroy(bench.resample);
    free(bench.frames);
    return 0;
}
