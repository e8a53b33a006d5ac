/* Gauges of threads, one row a thread. */
#include <assert.h>

#include "base/clock.h"
#include "observe/metrics_internal.h"

static const struct gauge_row {
    const char *name;
    const char *help;
    unsigned divisor; /* what is shown is the value divided */
} rows[THREAD_GAUGE_COUNT] = {
    [THREAD_CALLS] = {"moonline_thread_calls", "Calls on a media thread.", 1},
    [THREAD_LOOP_LAG_MS] = {"moonline_loop_lag_seconds",
        "How late a thread's loop came by at worst, in five seconds.", 1000},
    [THREAD_FRAME_LATENESS_MS] = {"moonline_frame_lateness_worst_seconds",
        "How late a media thread sent a frame at worst, in five seconds.", 1000},
    [THREAD_LATE_PERMILLE] = {"moonline_thread_late_ratio",
        "Share of 20 ms steps, of loop or frames, that a media thread was late for.", 1000},
    [THREAD_IS_LATE] = {"moonline_thread_late",
        "1 while a media thread is too late for new calls to be let in.", 1},
    [THREAD_DRIFT_MS] = {"moonline_media_drift_seconds",
        "How far a caller's media timestamps were from our clock at worst, in five seconds.", 1000},
    [THREAD_JITTER_DEPTH_MS] = {"moonline_jitter_depth_seconds",
        "How much of a caller's audio was held back at most against jitter, in five seconds.",
        1000},
    [THREAD_LEAD_MS] = {"moonline_pacer_lead_seconds",
        "How far a reply was sent ahead of its play-out at least, in five seconds; of those that "
        "play.",
        1000},
    [THREAD_STT_QUEUE_MS] = {"moonline_stt_queue_seconds",
        "How much of a caller's audio waited at most for speech-to-text, in five seconds.", 1000},
    [THREAD_TTS_BUFFER_MS] = {"moonline_tts_buffer_seconds",
        "How much of a reply's audio waited at most to be played, in five seconds.", 1000},
};

static const char *const side_names[SIDE_THREAD_COUNT] = {"script", "control", "journal"};

static atomic_llong values[THREAD_GAUGE_COUNT][METRIC_THREADS_MAX];
static atomic_uint side_worst_ms[SIDE_THREAD_COUNT];
static atomic_uint_fast64_t side_due_ms[SIDE_THREAD_COUNT];
static atomic_uint thread_count;

void metrics_set_threads(unsigned count)
{
    atomic_store(&thread_count, count < METRIC_THREADS_MAX ? count : METRIC_THREADS_MAX);
}

unsigned metrics_threads(void)
{
    return atomic_load(&thread_count);
}

void metric_set_thread(enum thread_gauge gauge, unsigned thread, int64_t value)
{
    assert(thread < METRIC_THREADS_MAX);
    atomic_store_explicit(&values[gauge][thread], value, memory_order_relaxed);
}

int64_t metric_get_thread(enum thread_gauge gauge, unsigned thread)
{
    assert(thread < METRIC_THREADS_MAX);
    return atomic_load_explicit(&values[gauge][thread], memory_order_relaxed);
}

void metric_set_side_lag(enum side_thread thread, unsigned worst_ms, uint64_t due_ms)
{
    atomic_store_explicit(&side_worst_ms[thread], worst_ms, memory_order_relaxed);
    atomic_store_explicit(&side_due_ms[thread], due_ms, memory_order_relaxed);
}

unsigned metric_get_side_lag_ms(enum side_thread thread, uint64_t now_ms)
{
    uint64_t worst_ms = atomic_load_explicit(&side_worst_ms[thread], memory_order_relaxed);
    uint64_t due_ms = atomic_load_explicit(&side_due_ms[thread], memory_order_relaxed);
    uint64_t missing_ms = due_ms && now_ms > due_ms ? now_ms - due_ms : 0;
    return (unsigned)(missing_ms > worst_ms ? missing_ms : worst_ms);
}

const char *metric_side_name(enum side_thread thread)
{
    return side_names[thread];
}

static double value_of(atomic_llong *value, const struct gauge_row *row)
{
    return (double)atomic_load_explicit(value, memory_order_relaxed) / row->divisor;
}

void thread_gauges_text(struct strbuf *out)
{
    unsigned count = atomic_load(&thread_count);
    uint64_t now_ms = clock_ms();
    for (int gauge = 0; gauge < THREAD_GAUGE_COUNT && count; gauge++) {
        const struct gauge_row *row = &rows[gauge];
        metrics_add_head(out, row->name, "gauge", row->help);
        for (unsigned i = 0; i < count; i++)
            strbuf_printf(
                out, "%s{thread=\"%u\"} %g\n", row->name, i, value_of(&values[gauge][i], row));
        for (int i = 0; i < SIDE_THREAD_COUNT && gauge == THREAD_LOOP_LAG_MS; i++)
            strbuf_printf(out, "%s{thread=\"%s\"} %g\n", row->name, side_names[i],
                (double)metric_get_side_lag_ms((enum side_thread)i, now_ms) / 1000);
    }
}
