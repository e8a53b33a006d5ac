/* A media thread's measuring of itself: the timer, what is told of it, and the process's count of late threads. */
#include "base/clock.h"
#include "live/worker.h"
#include "observe/log.h"
#include "observe/metrics.h"

static void tell(struct live_worker *worker)
{
    const struct admission *admission = &worker->admission;
    unsigned thread = worker->index;
    metric_set_thread(THREAD_CALLS, thread, (int64_t)live_worker_calls(worker));
    metric_set_thread(THREAD_LOOP_LAG_MS, thread, admission_loop(admission).worst_ms);
    metric_set_thread(THREAD_FRAME_LATENESS_MS, thread, admission_frames(admission).worst_ms);
    metric_set_thread(THREAD_LATE_PERMILLE, thread, admission->late_permille);
    metric_set_thread(THREAD_IS_LATE, thread, admission->is_late);
    tally_tell(worker, clock_ms());
}

static void take_change(struct live_worker *worker)
{
    const struct admission *admission = &worker->admission;
    if (admission->is_late)
        atomic_fetch_add(&worker->live->late_workers, 1);
    else
        atomic_fetch_sub(&worker->live->late_workers, 1);
    log_event(LOG_WARN, admission->is_late ? "admission.late" : "admission.in_time",
        "thread=%u calls=%zu late_permille=%u loop_lag_ms=%u frame_late_ms=%u", worker->index,
        live_worker_calls(worker), admission->late_permille, admission_loop(admission).worst_ms,
        admission_frames(admission).worst_ms);
}

void pulse_beat(struct live_worker *worker)
{
    bool was_late = worker->admission.is_late;
    admission_tick(&worker->admission, clock_ms());
    if (worker->admission.is_late != was_late)
        take_change(worker);
    tell(worker);
    roster_tell(worker, clock_ms());
}

static void on_pulse(void *owner)
{
    struct live_worker *worker = owner;
    pulse_beat(worker);
    net_timer_set(worker->pulse, admission_deadline(&worker->admission));
}

enum err pulse_start(struct live_worker *worker)
{
    enum err err = net_timer_create(&worker->pulse, worker->loop, on_pulse, worker);
    if (err != ERR_OK)
        return err;
    admission_init(&worker->admission, &worker->live->options.settings.admission, clock_ms());
    net_timer_set(worker->pulse, admission_deadline(&worker->admission));
    return ERR_OK;
}

void pulse_stop(struct live_worker *worker)
{
    net_timer_destroy(worker->pulse);
    worker->pulse = NULL;
    if (worker->admission.is_late)
        atomic_fetch_sub(&worker->live->late_workers, 1);
}
