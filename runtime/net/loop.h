/* One event loop per thread: a libuv loop with its libwebsockets context and curl multi handle. Everything
   made on a loop belongs to its thread; only `wake_send` may be called from another one.
   The rest of the program never sees uv_, lws_ or curl_ types. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct net_loop;

/* `ca_file`: PEM bundle to trust besides the system's for every TLS client of this loop, or NULL. */
must_use enum err net_loop_create(struct net_loop **out, const char *name, const char *ca_file);
/* Wakes at most once in `gather_us`, for whatever came meanwhile: with hundreds of sockets that each send every 20 ms
   going to sleep and waking is the largest part of the work. Everything is that much later at most. Before it runs. */
void net_loop_gather(struct net_loop *loop, unsigned gather_us);
void net_loop_run(struct net_loop *loop); /* until net_loop_stop and every object on it is closed */
/* Makes net_loop_run return soon; from the loop's own thread. Objects still open are closed by
   net_loop_destroy, which reports them as a defect in the log ("net.left_open"). */
void net_loop_stop(struct net_loop *loop);
void net_loop_destroy(struct net_loop *loop);
uint64_t net_loop_now_ms(const struct net_loop *loop); /* clock_ms() as of this loop turn */

/* Timers are armed to absolute deadlines of clock_ms(); a deadline in the past fires on the next turn. */
struct net_timer;
must_use enum err net_timer_create(
    struct net_timer **out, struct net_loop *loop, void (*fn)(void *owner), void *owner);
void net_timer_set(struct net_timer *timer, uint64_t deadline_ms);
void net_timer_clear(struct net_timer *timer);
void net_timer_destroy(struct net_timer *timer); /* at any time; NULL is fine */

/* Waking a loop from any thread: sends may merge, `fn` runs on the loop's thread. */
struct net_wake;
must_use enum err net_wake_create(
    struct net_wake **out, struct net_loop *loop, void (*fn)(void *owner), void *owner);
void net_wake_send(struct net_wake *wake);
void net_wake_destroy(struct net_wake *wake); /* the loop's thread; no sends may follow */

/* SIGTERM, SIGINT, SIGHUP arrive here as numbers; only one loop of a process asks for them. */
struct net_signals;
must_use enum err net_signals_create(struct net_signals **out, struct net_loop *loop,
    void (*fn)(void *owner, int number), void *owner);
void net_signals_destroy(struct net_signals *signals);

/* Readiness of a descriptor that a library owns (libpq). `events`: NET_READ | NET_WRITE, 0 pauses. */
#define NET_READ 1
#define NET_WRITE 2
struct net_poll;
must_use enum err net_poll_create(struct net_poll **out, struct net_loop *loop, int fd,
    void (*fn)(void *owner, int events), void *owner);
void net_poll_set(struct net_poll *poll, int events);
void net_poll_destroy(struct net_poll *poll); /* before the descriptor is closed */

/* Name → numeric address, without blocking (net/lookup.h). ERR_FULL at the start: too many names are being
   looked up. `fn` gets ERR_TIMEOUT at the deadline, ERR_UNREACHABLE when there is no such name. */
struct net_resolve;
must_use enum err net_resolve_start(struct net_resolve **out, struct net_loop *loop,
    const char *host, uint64_t deadline_ms,
    void (*fn)(void *owner, enum err err, const char *address), void *owner);
void net_resolve_cancel(struct net_resolve *resolve); /* fn will not be called */

/* Something below a folder changed (inotify, all subfolders, folders made later too). `fn` comes once
   per burst of changes, 50 ms after the last, at most 500 ms after the first. */
struct net_watch;
must_use enum err net_watch_create(struct net_watch **out, struct net_loop *loop, const char *path,
    void (*fn)(void *owner), void *owner);
void net_watch_destroy(struct net_watch *watch);
