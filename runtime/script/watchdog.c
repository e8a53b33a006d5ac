#include "script/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "observe/log.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum timer_state { TIMER_NONE, TIMER_READY, TIMER_MISSING };

static __thread struct vm *volatile guarded;
static __thread void (*volatile guarded_knock)(struct vm *vm);
static __thread timer_t timer;
static __thread enum timer_state timer_state;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;

static int signal_number(void)
{
    return SIGRTMIN + 3;
}

static void on_signal(int number)
{
    struct vm *vm = guarded;
    if (vm)
        guarded_knock(vm);
}

static void delete_timer(void *unused)
{
    if (timer_state == TIMER_READY)
        timer_delete(timer);
    timer_state = TIMER_MISSING;
}

static void prepare_process(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number(), &action, NULL);
    if (pthread_key_create(&at_thread_end, delete_timer) != 0)
        abort();
}

static void prepare_thread(void)
{
    pthread_once(&once, prepare_process);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number());
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal_number()};
    event.sigev_notify_thread_id = gettid();
    bool is_made = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
    timer_state = is_made ? TIMER_READY : TIMER_MISSING;
    if (is_made)
        pthread_setspecific(at_thread_end, &timer);
    else
        log_warn("script.no_watchdog", "why=%s", strerror(errno));
}

static void set_timer(uint64_t period_us)
{
    struct timespec period = {(time_t)(period_us / 1000000), (long)(period_us % 1000000) * 1000};
    struct itimerspec spec = {.it_value = period, .it_interval = period};
    if (timer_state == TIMER_READY)
        timer_settime(timer, 0, &spec, NULL);
}

void watchdog_arm(struct vm *vm, void (*knock)(struct vm *vm), uint64_t period_us)
{
    if (timer_state == TIMER_NONE)
        prepare_thread();
    guarded_knock = knock;
    guarded = vm;
    set_timer(period_us);
}

void watchdog_disarm(void)
{
    guarded = NULL;
    set_timer(0);
}
