/* A script thread that is asked from outside, one thing at a time, for measuring: its loop, its mailbox of answers, its CPU
   clock. What fails ends the program. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/mailbox.h"
#include "net/loop.h"

struct asking {
    struct net_loop *loop;
    struct net_wake *stop;
    struct mailbox answers;
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool has_come;
    pthread_t thread;
    clockid_t thread_clock;
};

_Noreturn void asking_die(const char *what);
void asking_open(struct asking *asking);
void asking_start(struct asking *asking); /* the thread, on the loop */
void asking_stop(struct asking *asking);
void asking_close(struct asking *asking); /* after everything on the loop */
/* Waits; whatever came since. */
struct letter *asking_await(struct asking *asking);
double asking_cpu_us(const struct asking *asking); /* of the thread so far */
void asking_sort(double *values, size_t count);
