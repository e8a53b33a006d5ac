#include "live/roster.h"

#include <stdlib.h>
#include <string.h>

#include "live/worker.h"

void roster_want(struct live *live, uint64_t now_ms)
{
    atomic_store_explicit(
        &live->rosters_wanted_until_ms, now_ms + ROSTER_WANTED_MS, memory_order_relaxed);
}

struct roster *roster_take(struct live *live, unsigned thread)
{
    return atomic_exchange(&live->rosters[thread], NULL);
}

static uint64_t waiting_ms(const struct call *call, uint64_t now_ms)
{
    const struct turn_parts *parts = &call->reply.parts;
    bool is_waiting = call->turn.state == TURN_THINKING && parts->from_ms && !parts->is_over;
    return is_waiting && now_ms > parts->from_ms ? now_ms - parts->from_ms : 0;
}

static void write_call(struct roster_call *out, struct call *call, uint64_t now_ms)
{
    struct tally *tally = &call->tally;
    memcpy(out->call_sid, call->facts.call_sid, sizeof out->call_sid);
    memcpy(out->tenant_id, call->facts.tenant_id, sizeof out->tenant_id);
    if (call->agent)
        memcpy(out->version, call->agent->version, sizeof out->version);
    out->state = tally_state_name(tally);
    out->age_ms = now_ms - call->started_ms;
    out->turns = tally->turns;
    out->waiting_ms = waiting_ms(call, now_ms);
    out->response_ms = tally->response_ms;
    out->mostly = tally->mostly;
    out->mostly_ms = tally->mostly_ms;
    out->late_ms = worst_now(&tally->late, now_ms);
}

/* NULL: no memory, and this second has none. */
static struct roster *write_roster(struct live_worker *worker, uint64_t now_ms)
{
    size_t room = live_worker_calls(worker);
    room = room < ROSTER_CALLS_MAX ? room : ROSTER_CALLS_MAX;
    struct roster *roster = calloc(1, sizeof *roster + room * sizeof *roster->calls);
    if (!roster)
        return NULL;
    roster->at_ms = now_ms;
    struct call *call, *next;
    HASH_ITER(hh, worker->calls, call, next)
    {
        if (!call->is_started || call->is_finished)
            continue;
        if (roster->count < room)
            write_call(&roster->calls[roster->count++], call, now_ms);
        else
            roster->left_out++;
    }
    return roster;
}

void roster_tell(struct live_worker *worker, uint64_t now_ms)
{
    struct live *live = worker->live;
    uint64_t until_ms = atomic_load_explicit(&live->rosters_wanted_until_ms, memory_order_relaxed);
    if (now_ms >= until_ms || now_ms < worker->roster_due_ms)
        return;
    worker->roster_due_ms = now_ms + ROSTER_EVERY_MS;
    struct roster *roster = write_roster(worker, now_ms);
    if (roster)
        free(atomic_exchange(&live->rosters[worker->index], roster));
}

void roster_drop_all(struct live *live)
{
    for (unsigned i = 0; i < LIVE_WORKERS_MAX; i++)
        free(roster_take(live, i));
}
