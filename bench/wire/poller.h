/* One thread's sockets and timers over epoll, for the programs of the bench: nothing but what they need, so that
   they cost little beside what they measure. Timers are served on a grid of POLLER_GRAIN_US, which bounds the
   wake-ups of a thousand calls: between two of them sockets wait too. Callbacks may set, clear and close anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define POLLER_GRAIN_US 500

struct watch {
    int fd; /* below 0: not watched */
    void (*on_ready)(struct watch *watch, uint32_t events);
    void *owner;
};

struct alarm {
    uint64_t due_us;
    void (*on_due)(struct alarm *alarm);
    void *owner;
    size_t place; /* in the heap, from 1; 0: not set */
};

struct poller {
    int epoll;
    struct alarm **heap; /* [1] is due first */
    size_t count;
    size_t capacity;
    uint64_t now_us; /* monotonic, read after each wait */
    bool is_stopped;
};

must_use enum err poller_init(struct poller *poller);
void poller_free(struct poller *poller);
void poller_run(struct poller *poller); /* until is_stopped */

must_use enum err poller_watch(struct poller *poller, struct watch *watch, uint32_t events);
void poller_change(struct poller *poller, struct watch *watch, uint32_t events);
void poller_unwatch(struct poller *poller, struct watch *watch); /* does not close */

void alarm_set(struct poller *poller, struct alarm *alarm, uint64_t due_us); /* moves it when set */
void alarm_clear(struct poller *poller, struct alarm *alarm);
