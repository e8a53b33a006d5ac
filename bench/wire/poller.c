#include "wire/poller.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define EVENTS_AT_ONCE 256

enum err poller_init(struct poller *poller)
{
    *poller = (struct poller){.epoll = epoll_create1(EPOLL_CLOEXEC), .now_us = clock_us()};
    return poller->epoll < 0 ? ERR_SYSTEM : ERR_OK;
}

void poller_free(struct poller *poller)
{
    close(poller->epoll);
    free(poller->heap);
}

/* ---- sockets ---- */

enum err poller_watch(struct poller *poller, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(poller->epoll, EPOLL_CTL_ADD, watch->fd, &event) ? ERR_SYSTEM : ERR_OK;
}

void poller_change(struct poller *poller, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(poller->epoll, EPOLL_CTL_MOD, watch->fd, &event))
        perror("epoll_ctl");
}

void poller_unwatch(struct poller *poller, struct watch *watch)
{
    if (watch->fd >= 0 && epoll_ctl(poller->epoll, EPOLL_CTL_DEL, watch->fd, NULL))
        perror("epoll_ctl");
}

/* ---- timers: a binary heap ---- */

static void put(struct poller *poller, size_t place, struct alarm *alarm)
{
    poller->heap[place] = alarm;
    alarm->place = place;
}

static void rise(struct poller *poller, struct alarm *alarm)
{
    size_t place = alarm->place;
    while (place > 1 && poller->heap[place / 2]->due_us > alarm->due_us) {
        put(poller, place, poller->heap[place / 2]);
        place /= 2;
    }
    put(poller, place, alarm);
}

static void sink(struct poller *poller, struct alarm *alarm)
{
    size_t place = alarm->place;
    for (size_t child = 2 * place; child <= poller->count; child = 2 * place) {
        if (child < poller->count && poller->heap[child + 1]->due_us < poller->heap[child]->due_us)
            child++;
        if (poller->heap[child]->due_us >= alarm->due_us)
            break;
        put(poller, place, poller->heap[child]);
        place = child;
    }
    put(poller, place, alarm);
}

static void make_room(struct poller *poller)
{
    if (poller->count + 1 < poller->capacity)
        return;
    poller->capacity = poller->capacity ? 2 * poller->capacity : 256;
    poller->heap = realloc(poller->heap, poller->capacity * sizeof(*poller->heap));
    assert(poller->heap);
}

void alarm_set(struct poller *poller, struct alarm *alarm, uint64_t due_us)
{
    if (!alarm->place) {
        make_room(poller);
        put(poller, ++poller->count, alarm);
    }
    alarm->due_us = due_us;
    rise(poller, alarm);
    sink(poller, alarm);
}

void alarm_clear(struct poller *poller, struct alarm *alarm)
{
    if (!alarm->place)
        return;
    struct alarm *last = poller->heap[poller->count--];
    if (last != alarm) {
        put(poller, alarm->place, last);
        rise(poller, last);
        sink(poller, last);
    }
    alarm->place = 0;
}

/* ---- the loop ---- */

static void run_due(struct poller *poller)
{
    while (poller->count && poller->heap[1]->due_us <= poller->now_us && !poller->is_stopped) {
        struct alarm *alarm = poller->heap[1];
        alarm_clear(poller, alarm);
        alarm->on_due(alarm);
    }
}

static int wait_for(struct poller *poller, struct epoll_event *events)
{
    struct timespec wait = {.tv_sec = 1};
    if (poller->count) {
        uint64_t due_us = poller->heap[1]->due_us + POLLER_GRAIN_US - 1;
        due_us -= due_us % POLLER_GRAIN_US;
        uint64_t wait_us = due_us > poller->now_us ? due_us - poller->now_us : 0;
        wait.tv_sec = (time_t)(wait_us / 1000000);
        wait.tv_nsec = (long)(wait_us % 1000000) * 1000;
    }
    return epoll_pwait2(poller->epoll, events, EVENTS_AT_ONCE, &wait, NULL);
}

/* Wakes at most once a grain: what comes meanwhile is worked off together. */
static void gather(const struct poller *poller)
{
    uint64_t since_us = clock_us() - poller->now_us;
    if (since_us >= POLLER_GRAIN_US)
        return;
    struct timespec rest = {.tv_nsec = (long)(POLLER_GRAIN_US - since_us) * 1000};
    nanosleep(&rest, NULL);
}

void poller_run(struct poller *poller)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    while (!poller->is_stopped) {
        gather(poller);
        int count = wait_for(poller, events);
        poller->now_us = clock_us();
        if (count < 0 && errno != EINTR)
            perror("epoll_pwait2");
        /* A watch that an earlier event of this round took down has no descriptor any more. */
        for (int i = 0; i < count && !poller->is_stopped; i++) {
            struct watch *watch = events[i].data.ptr;
            if (watch->fd >= 0)
                watch->on_ready(watch, events[i].events);
        }
        run_due(poller);
    }
}
