/* Between a desk's accounts (desk.c) and those who wait for permits (desk_wait.c). */
#pragma once

#include <uthash.h>

#include "base/worst.h"
#include "observe/provider_metrics.h"
#include "routing/breaker.h"
#include "routing/desk.h"
#include "routing/permits.h"
#include "routing/reminders.h"
#include "routing/speed.h"
#include "routing/standing.h"

struct account {
    uint8_t name[PERMITS_NAME_BYTES];
    struct permits *permits; /* of the process */
    unsigned most;           /* as the newest route says */
    unsigned under_way;      /* from this desk */
    struct breaker breaker;
    struct speed speed;
    struct standing *standing; /* of the process; NULL: no room */
    struct provider_metrics *metrics;
    bool is_told_open;         /* in both */
    struct desk_wait *waiting; /* in the order they came */
    unsigned waiting_count;
    UT_hash_handle hh; /* in the order they came */
};

struct desk {
    struct net_loop *loop;
    struct net_timer *timer; /* of those who wait */
    struct account *accounts;
    unsigned waiting_count;
    struct reminders reminders;
    struct worst unheard_ms;
};

/* desk.c: NULL when there is no room and nothing to forget: then it may be asked, and nothing is known of it. */
struct account *desk_account(struct desk *desk, const struct route *route, size_t index);
/* Permit and circuit, passing over who waits; `insists`: over the circuit as well. */
enum desk_verdict desk_admit(struct desk *desk, struct account *account, bool insists);

/* desk_wait.c */
void desk_wait_look(void *desk);         /* the timer's */
void desk_wait_hurry(struct desk *desk); /* a permit is free: who waits is looked at next turn */
