/* Those who wait for a permit of a key: in line, until a deadline. A permit that is given back on this thread is handed on next
   turn; what other threads give back is looked for every LOOK_MS. */
#include <stdlib.h>
#include <utlist.h>

#include "routing/desk_internal.h"
#include "routing/incident.h"

#define LOOK_MS 20

struct desk_wait {
    struct desk *desk;
    struct account *account;
    uint64_t deadline_ms;
    bool insists; /* the circuit was open when it began: that is no news */
    desk_wait_fn *fn;
    void *owner;
    struct desk_wait *prev, *next; /* of its account */
};

static void leave(struct desk_wait *wait)
{
    DL_DELETE(wait->account->waiting, wait);
    wait->account->waiting_count--;
    wait->desk->waiting_count--;
    free(wait);
}

static void arm(struct desk *desk, uint64_t now_ms)
{
    uint64_t next_ms = now_ms + LOOK_MS;
    struct account *account;
    struct desk_wait *wait;
    for (account = desk->accounts; account; account = account->hh.next)
        DL_FOREACH(account->waiting, wait)
    if (wait->deadline_ms < next_ms)
        next_ms = wait->deadline_ms;
    if (desk->waiting_count)
        net_timer_set(desk->timer, next_ms);
    else
        net_timer_clear(desk->timer);
}

/* Somebody whose wait is over; the front of the line is served first. Entered, where the verdict says so. */
static struct desk_wait *find_served(struct desk *desk, uint64_t now_ms, enum desk_verdict *verdict)
{
    struct account *account;
    struct desk_wait *wait;
    for (account = desk->accounts; account; account = account->hh.next) {
        if (!account->waiting)
            continue;
        *verdict = desk_admit(desk, account, account->waiting->insists);
        if (*verdict != DESK_FULL)
            return account->waiting;
        DL_FOREACH(account->waiting, wait)
        if (wait->deadline_ms <= now_ms)
            return wait;
    }
    return NULL;
}

/* One at a time from the start: whoever is told may cancel others, or wait anew. */
void desk_wait_look(void *owner)
{
    struct desk *desk = owner;
    uint64_t now_ms = net_loop_now_ms(desk->loop);
    enum desk_verdict verdict;
    struct desk_wait *wait;
    while ((wait = find_served(desk, now_ms, &verdict))) {
        desk_wait_fn *fn = wait->fn;
        void *of = wait->owner;
        leave(wait);
        fn(of, verdict);
    }
    arm(desk, now_ms);
}

void desk_wait_hurry(struct desk *desk)
{
    net_timer_set(desk->timer, net_loop_now_ms(desk->loop));
}

enum err desk_wait(struct desk_wait **out, struct desk *desk, const struct route *route,
    size_t index, uint64_t deadline_ms, desk_wait_fn *fn, void *owner)
{
    struct account *account = desk_account(desk, route, index);
    if (!account || account->waiting_count == DESK_WAITING_MAX)
        return ERR_FULL;
    struct desk_wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return ERR_NOMEM;
    *wait = (struct desk_wait){.desk = desk,
        .account = account,
        .deadline_ms = deadline_ms,
        .insists = desk_is_open(desk, route, index),
        .fn = fn,
        .owner = owner};
    DL_APPEND(account->waiting, wait);
    account->waiting_count++;
    desk->waiting_count++;
    incident_permit_wait(route, index);
    arm(desk, net_loop_now_ms(desk->loop));
    *out = wait;
    return ERR_OK;
}

void desk_wait_cancel(struct desk_wait *wait)
{
    if (wait)
        leave(wait);
}
