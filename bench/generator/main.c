/* Many telephone calls from one thread. The run: ramp, settle, window, goodbye. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/crypto.h"
#include "generator/call.h"
#include "generator/machine.h"
#include "generator/report.h"
#include "media/g711.h"
#include "media/vad.h"
#include "wire/voice.h"

#define GOODBYE_US 20000000

struct run {
    struct fleet fleet;
    struct alarm alarm;
    unsigned placed;
    enum { RUN_RAMP, RUN_SETTLE, RUN_LENGTHS, RUN_WINDOW, RUN_GOODBYE } stage;
    uint64_t began_us;
    uint64_t goodbye_us; /* the latest */
    struct report report;
};

static void tell(const struct run *run, const char *what)
{
    fprintf(stderr, "bench_calls: %s: %u of %u calls up\n", what, run->fleet.up,
        run->fleet.options.calls);
}

/* ---- stages ---- */

static void begin_window(struct run *run)
{
    struct fleet *fleet = &run->fleet;
    tell(run, "window begins");
    run->report.window_up = fleet->up;
    machine_read(&run->report.from, &fleet->options);
    fleet->is_measuring = true;
}

static uint64_t step_ramp(struct run *run, uint64_t now_us)
{
    const struct options *options = &run->fleet.options;
    if (!run->placed && options->length_to_ms)
        begin_window(run);
    call_place(&run->fleet.calls[run->placed++]);
    if (run->placed < options->calls)
        return run->began_us + 1000000ull * run->placed / options->ramp_per_s;
    run->stage = options->length_to_ms ? RUN_LENGTHS : RUN_SETTLE;
    return now_us + (options->length_to_ms ? 0 : options->settle_ms * 1000ull);
}

static uint64_t step_settle(struct run *run)
{
    begin_window(run);
    run->stage = RUN_WINDOW;
    return run->fleet.poller.now_us + run->fleet.options.window_ms * 1000ull;
}

static uint64_t step_window(struct run *run, uint64_t now_us)
{
    struct fleet *fleet = &run->fleet;
    fleet->is_measuring = false;
    machine_read(&run->report.to, &fleet->options);
    tell(run, "window ended");
    for (unsigned i = 0; i < fleet->options.calls; i++)
        call_leave(&fleet->calls[i]);
    run->stage = RUN_GOODBYE;
    run->goodbye_us = now_us + GOODBYE_US;
    return now_us;
}

/* Calls that have lengths of their own end by themselves; those that do not are told to. */
static uint64_t step_lengths(struct run *run, uint64_t now_us)
{
    const struct fleet *fleet = &run->fleet;
    bool is_over = fleet->over == fleet->options.calls ||
                   now_us >= run->began_us + fleet->options.window_ms * 1000ull;
    if (is_over)
        run->stage = RUN_WINDOW;
    return is_over ? now_us : now_us + 50000;
}

static uint64_t step_goodbye(struct run *run, uint64_t now_us)
{
    struct fleet *fleet = &run->fleet;
    if (now_us >= run->goodbye_us)
        for (unsigned i = 0; i < fleet->options.calls; i++)
            call_fail(&fleet->calls[i], "did not finish its turn");
    fleet->poller.is_stopped = fleet->over == fleet->options.calls;
    return now_us + 50000;
}

static void on_alarm(struct alarm *alarm)
{
    struct run *run = alarm->owner;
    uint64_t now_us = run->fleet.poller.now_us;
    uint64_t next_us = run->stage == RUN_RAMP      ? step_ramp(run, now_us)
                       : run->stage == RUN_SETTLE  ? step_settle(run)
                       : run->stage == RUN_LENGTHS ? step_lengths(run, now_us)
                       : run->stage == RUN_WINDOW  ? step_window(run, now_us)
                                                   : step_goodbye(run, now_us);
    alarm_set(&run->fleet.poller, alarm, next_us);
}

/* ---- what all calls share ---- */

/* The caller must be heard as a voice, or the run measures silence. */
static bool is_voice(const uint8_t *ulaw, unsigned frames)
{
    struct vad vad;
    unsigned voiced = 0;
    if (vad_init(&vad, &vad_defaults))
        return false;
    for (unsigned i = 0; i < frames; i++) {
        int16_t pcm[FRAME_SAMPLES];
        g711_to_pcm(pcm, ulaw + (size_t)i * FRAME_SAMPLES, FRAME_SAMPLES);
        vad_frame(&vad, pcm);
        voiced += vad.is_speech;
    }
    vad_close(&vad);
    return voiced + 15 >= frames && vad.is_speech;
}

static bool make_speech(struct fleet *fleet)
{
    fleet->speech_frames = fleet->options.speech_ms / 20;
    size_t len = (size_t)fleet->speech_frames * FRAME_SAMPLES;
    uint8_t *ulaw = malloc(len ? len : 1);
    fleet->speech = calloc(fleet->speech_frames + 1, sizeof *fleet->speech);
    if (!ulaw || !fleet->speech || !fleet->speech_frames)
        return false;
    voice_make(ulaw, len);
    char text[BASE64_SIZE(FRAME_SAMPLES)];
    for (unsigned i = 0; i < fleet->speech_frames; i++) {
        base64_encode(ulaw + (size_t)i * FRAME_SAMPLES, FRAME_SAMPLES, text);
        memcpy(fleet->speech[i], text, CALL_FRAME_TEXT);
    }
    bool is_heard = is_voice(ulaw, fleet->speech_frames);
    memset(ulaw, 0xff, FRAME_SAMPLES);
    base64_encode(ulaw, FRAME_SAMPLES, text);
    memcpy(fleet->silence, text, CALL_FRAME_TEXT);
    free(ulaw);
    return is_heard;
}

static bool make_tls(struct fleet *fleet)
{
    if (!fleet->options.is_tls)
        return true;
    fleet->tls = SSL_CTX_new(TLS_client_method());
    if (!fleet->tls)
        return false;
    SSL_CTX_set_verify(fleet->tls, SSL_VERIFY_PEER, NULL);
    return fleet->options.ca_file
               ? SSL_CTX_load_verify_locations(fleet->tls, fleet->options.ca_file, NULL) == 1
               : SSL_CTX_set_default_verify_paths(fleet->tls) == 1;
}

static bool make_calls(struct fleet *fleet)
{
    uint8_t run[4];
    struct rlimit files;
    crypto_random(run, sizeof run);
    crypto_hex(run, sizeof run, fleet->run);
    srandom(fleet->options.seed);
    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < fleet->options.calls + 64) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    fleet->calls = calloc(fleet->options.calls, sizeof *fleet->calls);
    for (unsigned i = 0; fleet->calls && i < fleet->options.calls; i++) {
        fleet->calls[i].fleet = fleet;
        fleet->calls[i].number = i;
    }
    return fleet->calls != NULL;
}

static void free_all(struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->options.calls; i++)
        strbuf_free(&fleet->calls[i].parameters);
    samples_free(&fleet->send_late);
    samples_free(&fleet->late);
    samples_free(&fleet->off_pace);
    samples_free(&fleet->response);
    samples_free(&fleet->barge);
    SSL_CTX_free(fleet->tls);
    poller_free(&fleet->poller);
    free(fleet->calls);
    free(fleet->speech);
}

int main(int argc, char **argv)
{
    static struct run run;
    options_read(&run.fleet.options, argc, argv);
    if (poller_init(&run.fleet.poller) || !make_speech(&run.fleet) || !make_tls(&run.fleet) ||
        !make_calls(&run.fleet)) {
        fprintf(
            stderr, "bench_calls: cannot start (--speech of at least 300 ms? --ca readable?)\n");
        return 1;
    }
    machine_read(&run.report.before, &run.fleet.options);
    run.began_us = run.fleet.poller.now_us;
    run.alarm = (struct alarm){.on_due = on_alarm, .owner = &run};
    alarm_set(&run.fleet.poller, &run.alarm, run.began_us);
    poller_run(&run.fleet.poller);
    int status = report_write(&run.report, &run.fleet);
    free_all(&run.fleet);
    return status;
}
