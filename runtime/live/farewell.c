/* The hook on_call_end: asked when a call is over, answered when its socket, and often the call itself, are gone. So what
   it may change of the call's row is kept here until then.

     the engine's end ─► asked ─► answered: outcome, tags and state go to the row
                           └─ 12 s: its answer was lost

   The script thread keeps the call until its run ended (script/host.c), and a process that drains waits for it. A stream
   that broke is no end: the caller may come back, here or on another node. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "live/call.h"
#include "live/summary.h"
#include "observe/log.h"

#define LOST_MS 12000 /* the hook's own 10 s, and time for the way */

struct farewell {
    struct farewell *prev, *next;
    struct live_worker *worker;
    struct net_timer *timer;
    uint64_t call_key;
    struct script_call_facts facts;
    char outcome[OUTCOME_SIZE]; /* call.outcome when it was asked: in the row already */
};

static void forget(struct farewell *farewell)
{
    DL_DELETE(farewell->worker->farewells, farewell);
    atomic_fetch_sub(&farewell->worker->live->farewells, 1);
    net_timer_destroy(farewell->timer);
    free(farewell);
}

static void on_lost(void *owner)
{
    struct farewell *farewell = owner;
    log_warn("call_end.lost", "call=%s", farewell->facts.call_id);
    forget(farewell);
}

static json_t *summary_of(const struct call *call)
{
    const struct call_summary summary = {.duration_ms = call_ms(call, clock_ms()),
        .turns = call->turn_number,
        .outcome = journal_outcome(call),
        .end_reason = call->end_reason,
        .caller_talk_ms = call->caller_talk_ms,
        .agent_talk_ms = call->agent_talk_ms,
        .barge_ins = call->barge_ins};
    return summary_values(&summary);
}

static bool send(struct call *call)
{
    struct script_job *job = call_script_job(call, SCRIPT_HOOK);
    if (!job)
        return false;
    json_t *values = summary_of(call);
    job->hook = HOOK_ON_CALL_END;
    job->arguments = values ? json_dumps(values, JSON_COMPACT) : NULL;
    json_decref(values);
    return call_send_script(call, job);
}

void farewell_ask(struct call *call)
{
    struct live_worker *worker = call->worker;
    if (call->is_broken || !call->agent->has_hook[HOOK_ON_CALL_END])
        return;
    struct farewell *farewell = calloc(1, sizeof *farewell);
    if (!farewell ||
        net_timer_create(&farewell->timer, worker->loop, on_lost, farewell) != ERR_OK) {
        free(farewell);
        return;
    }
    farewell->worker = worker;
    farewell->call_key = call->key;
    farewell->facts = call->facts;
    memcpy(farewell->outcome, call->labels.outcome, sizeof farewell->outcome);
    net_timer_set(farewell->timer, clock_ms() + LOST_MS);
    DL_APPEND(worker->farewells, farewell);
    atomic_fetch_add(&worker->live->farewells, 1);
    if (send(call))
        return;
    log_warn("call_end.not_asked", "call=%s", call->facts.call_id);
    forget(farewell);
}

void farewell_answer(struct live_worker *worker, struct script_result *result)
{
    struct farewell *farewell;
    DL_SEARCH_SCALAR(worker->farewells, farewell, call_key, result->call_key);
    if (!farewell)
        return;
    if (strcmp(farewell->outcome, result->labels.outcome) == 0)
        result->labels.outcome[0] =
            0; /* the row's own may be another by now: transferred, failed */
    journal_amend(worker->live, &farewell->facts, result);
    forget(farewell);
}

void farewell_drop_all(struct live_worker *worker)
{
    struct farewell *farewell, *next;
    DL_FOREACH_SAFE(worker->farewells, farewell, next)
    {
        log_warn("call_end.cut", "call=%s", farewell->facts.call_id);
        forget(farewell);
    }
}
