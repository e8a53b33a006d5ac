#include "script_asking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void asking_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
    exit(1);
}

static void on_answer(void *owner)
{
    struct asking *asking = owner;
    pthread_mutex_lock(&asking->lock);
    asking->has_come = true;
    pthread_cond_signal(&asking->came);
    pthread_mutex_unlock(&asking->lock);
}

static void on_stop(void *owner)
{
    net_loop_stop(((struct asking *)owner)->loop);
}

static void *run_loop(void *owner)
{
    net_loop_run(((struct asking *)owner)->loop);
    return NULL;
}

void asking_open(struct asking *asking)
{
    *asking = (struct asking){.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    if (net_loop_create(&asking->loop, "script", NULL) ||
        net_wake_create(&asking->stop, asking->loop, on_stop, asking))
        asking_die("no loop");
    mailbox_init(&asking->answers, 64, on_answer, asking);
}

void asking_start(struct asking *asking)
{
    if (pthread_create(&asking->thread, NULL, run_loop, asking) ||
        pthread_getcpuclockid(asking->thread, &asking->thread_clock))
        asking_die("no thread");
}

void asking_stop(struct asking *asking)
{
    net_wake_send(asking->stop);
    pthread_join(asking->thread, NULL);
}

void asking_close(struct asking *asking)
{
    mailbox_destroy(&asking->answers);
    net_wake_destroy(asking->stop);
    net_loop_destroy(asking->loop);
}

struct letter *asking_await(struct asking *asking)
{
    pthread_mutex_lock(&asking->lock);
    while (!asking->has_come)
        pthread_cond_wait(&asking->came, &asking->lock);
    asking->has_come = false;
    pthread_mutex_unlock(&asking->lock);
    return mailbox_take_all(&asking->answers);
}

double asking_cpu_us(const struct asking *asking)
{
    struct timespec now;
    clock_gettime(asking->thread_clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

void asking_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
}
