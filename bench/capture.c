/* What a captured call costs: nanoseconds of a media thread a record, CPU of the capture thread and bytes on disk a call-minute.
     bench_capture FOLDER [SOUND.ulaw]
   The sound is heard both ways as far as somebody talks; without it talk is noise, which is the most that it can come to. Files
   are removed afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/capture.h"
#include "observe/capture_folder.h"
#include "observe/metrics.h"

#define CALLS 50
#define MINUTES 2
#define FRAMES (MINUTES * 60 * 50)
#define FRAME_BYTES 160
#define EVERY 10 /* frames: an event of a provider, or a step */
#define ASK_EVERY 600
#define ASK_BYTES 12000

struct bench {
    uint8_t *sound;
    size_t sound_bytes;
    char ask[ASK_BYTES];
};

struct kind {
    const char *name;
    unsigned in_percent, out_percent; /* of the time somebody talks */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t process_cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void read_sound(struct bench *bench, const char *path)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    bench->sound_bytes = 1u << 20;
    bench->sound = malloc(bench->sound_bytes);
    if (!bench->sound)
        abort();
    unsigned seed = 1;
    for (size_t i = 0; i < bench->sound_bytes; i++)
        bench->sound[i] = (uint8_t)rand_r(&seed);
    if (!file)
        return;
    bench->sound_bytes = fread(bench->sound, 1, bench->sound_bytes, file);
    bench->sound_bytes -= bench->sound_bytes % FRAME_BYTES;
    fclose(file);
}

/* Talk in stretches of two seconds. */
static struct slice frame_at(const struct bench *bench, unsigned i, unsigned percent, unsigned side)
{
    static const char silence[FRAME_BYTES] = {[0 ... FRAME_BYTES - 1] = (char)0xff};
    bool is_talk = (i / 100 * 37 + side * 61) % 100 < percent;
    size_t at = ((size_t)i + side * 1000) * FRAME_BYTES % bench->sound_bytes;
    return (struct slice){is_talk ? (const char *)bench->sound + at : silence, FRAME_BYTES};
}

static void put_frame(
    const struct bench *bench, struct capture *capture, const struct kind *kind, unsigned i)
{
    static const char head[] = {(char)0x80, 1};
    struct slice first = {head, sizeof head};
    uint64_t at_ms = 20ull * i;
    capture_put_parts(
        capture, CAPTURE_MEDIA_IN, at_ms, first, frame_at(bench, i, kind->in_percent, 0));
    if (kind->out_percent)
        capture_put_parts(
            capture, CAPTURE_MEDIA_OUT, at_ms, first, frame_at(bench, i, kind->out_percent, 1));
    if (i % EVERY == 0)
        capture_put(capture, CAPTURE_LLM, at_ms,
            SLICE("{\"event\":\"text\",\"epoch\":12,\"text\":\" a word\"}"));
    if (i % ASK_EVERY == 0)
        capture_put(capture, CAPTURE_LLM, at_ms, (struct slice){bench->ask, ASK_BYTES});
}

static struct captures *open_folder(const char *path)
{
    struct captures *captures;
    char why[256];
    struct captures_options options = {.path = path, .max_bytes = 1ull << 34, .max_days = 30};
    if (captures_open(&captures, &options, why) || captures_start(captures)) {
        fprintf(stderr, "bench_capture: %s\n", why);
        exit(1);
    }
    return captures;
}

static void remove_all(const char *path)
{
    char folder[512], call_id[16];
    for (unsigned i = 0; i < CALLS; i++) {
        snprintf(call_id, sizeof call_id, "call%u", i);
        capture_folder_erase(path, "bench", call_id);
    }
    snprintf(folder, sizeof folder, "%s/bench", path);
    rmdir(folder);
}

/* All calls side by side, as fast as the machine goes: what the thread cannot take is waited for once a second of call. */
static void run(const struct bench *bench, const char *path, const struct kind *kind)
{
    struct captures *captures = open_folder(path);
    struct capture *calls[CALLS];
    char call_id[16];
    uint64_t spent_ns = 0, cpu_us = process_cpu_us(), own_us = clock_thread_cpu_us();
    int64_t bytes = metric_get(METRIC_CAPTURE_BYTES);
    for (unsigned i = 0; i < CALLS; i++) {
        snprintf(call_id, sizeof call_id, "call%u", i);
        calls[i] = capture_begin(captures, "bench", call_id, CAPTURE_UNLESS_REFUSED, 0);
    }
    for (unsigned second = 0; second < FRAMES / 50; second++) {
        uint64_t start_ns = now_ns();
        for (unsigned i = 0; i < CALLS; i++)
            for (unsigned frame = 0; frame < 50; frame++)
                put_frame(bench, calls[i], kind, second * 50 + frame);
        spent_ns += now_ns() - start_ns;
        captures_settle(captures);
    }
    for (unsigned i = 0; i < CALLS; i++)
        capture_end(calls[i], 20ull * FRAMES, "bench", "");
    captures_close(captures);
    double call_minutes = CALLS * MINUTES;
    double frames = (double)CALLS * FRAMES * (kind->out_percent ? 2 : 1);
    uint64_t thread_us = process_cpu_us() - cpu_us - (clock_thread_cpu_us() - own_us);
    printf("%-26s %10.0f %14.2f %12.0f\n", kind->name, (double)spent_ns / frames,
        (double)thread_us / 1000 / call_minutes,
        (double)(metric_get(METRIC_CAPTURE_BYTES) - bytes) / 1000 / call_minutes);
    remove_all(path);
}

int main(int argc, char **argv)
{
    static const struct kind kinds[] = {{"the caller is silent", 0, 0}, {"a conversation", 40, 35},
        {"both talk all the time", 100, 100}};
    static struct bench bench;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_capture FOLDER [SOUND.ulaw]\n");
        return 2;
    }
    read_sound(&bench, argv[2]);
    memset(bench.ask, ' ', sizeof bench.ask);
    for (size_t i = 0; i < sizeof bench.ask; i++) /* prompts repeat themselves about so much */
        bench.ask[i] = (char)('a' + (i * i / 7 + i / 3) % 26);
    printf("%-26s %10s %14s %12s\n", "", "ns/frame", "ms CPU/minute", "kB/minute");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        run(&bench, argv[1], &kinds[i]);
    free(bench.sound);
    return 0;
}
