#include "script/moving.h"

#include <stdlib.h>
#include <string.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "script/answer.h"
#include "script/calling.h"
#include "script/news.h"
#include "script/rollout.h"
#include "script/room.h"

static void drop_return(struct call_return *back)
{
    version_release(back->version);
    free(back->state_json);
    *back = (struct call_return){0};
}

static struct call_return make_return(const struct script_call *call)
{
    struct call_return back = {.is_there = true};
    back.version = call->version ? version_hold(call->version) : NULL;
    back.state_json = call->state_json ? slice_dup(slice_from(call->state_json)) : NULL;
    memcpy(back.phase, call->phase, sizeof back.phase);
    return back;
}

static void set_version(struct script_call *call, struct version *version)
{
    struct version *old = call->version;
    call_drop_object(call); /* the next one is made from the state that is kept */
    call->version = version ? version_pin(version) : NULL;
    version_unpin(old);
}

static void set_state(struct script_call *call, char *state_json_take)
{
    free(call->state_json);
    call->state_json = state_json_take;
}

/* `state_json` NULL: as it is. */
static void move(const struct script_host *host, const struct tenant *tenant,
    struct script_call *call, struct version *version, const char *state_json)
{
    struct call_return back = {0};
    if (call->version == version)
        return;
    if (rollout_is_on_probation(host, tenant, version))
        back = make_return(call);
    set_version(call, version);
    char *fresh = state_json ? slice_dup(slice_from(state_json)) : NULL;
    if (fresh)
        set_state(call, fresh);
    drop_return(&call->back);
    call->back = back;
}

/* To where it came from; a call that began on this version is as it was before its first turn. */
static void go_back(struct script_call *call)
{
    struct call_return back = call->back;
    call->back = (struct call_return){0};
    set_version(call, back.version);
    set_state(call, back.state_json);
    memcpy(call->phase, back.phase, sizeof call->phase);
    version_release(back.version);
}

/* A version that was taken back gives its calls back, one that proved itself lets them forget where they came from. */
static void settle_past(
    const struct script_host *host, const struct tenant *tenant, struct script_call *call)
{
    if (!call->version || !call->back.is_there)
        return;
    if (call->version->fate == VERSION_ROLLED_BACK) {
        log_info("call.goes_back", "call=%s version=%s", call->facts.call_id,
            call->version->agent->version);
        go_back(call);
    } else if (!rollout_is_on_probation(host, tenant, call->version)) {
        drop_return(&call->back);
    }
}

/* migrate's arguments; NULL: no memory. */
static json_t *migrate_values(const struct script_call *call)
{
    json_t *state = call->state_json ? json_loads(call->state_json, 0, NULL) : NULL;
    return json_pack("[o, s]", state ? state : json_object(), call->version->agent->version);
}

/* What the next turn runs on, and whether the call's state must be migrated for it. */
static struct version *next_version(const struct script_host *host, const struct tenant *tenant,
    struct script_call *call, bool *needs_migrate)
{
    settle_past(host, tenant, call);
    struct version *version = rollout_choose(tenant, call);
    *needs_migrate =
        version && call->version && call->version != version && version->agent->has_migrate;
    return version;
}

void moving_begin_turn(struct script_host *host, struct tenant *tenant, struct script_call *call,
    struct script_job *job)
{
    bool needs_migrate;
    struct version *version = next_version(host, tenant, call, &needs_migrate);
    json_t *values = needs_migrate ? migrate_values(call) : NULL;
    if (!version || (needs_migrate && !values)) {
        answer_refuse(job, call, SCRIPT_ERROR, NULL,
            version ? "no memory" : "no version of this tenant is live");
    } else if (needs_migrate) {
        room_make_for(host, tenant, version);
        runner_migrate(&host->runner, call, version, values, job);
    } else {
        move(host, tenant, call, version, NULL);
        calling_go(host, call, job);
    }
    json_decref(values);
}

bool moving_pin(struct script_host *host, struct tenant *tenant, struct script_call *call)
{
    struct version *version = call->version ? call->version : rollout_choose(tenant, call);
    if (version)
        move(host, tenant, call, version, NULL);
    return version != NULL;
}

static struct script_job *take_job(struct script_run *run)
{
    struct script_job *job = run->job;
    run->job = NULL;
    return job;
}

/* A call that cannot take the new version stays where it is, unless that was taken back: then it goes on as it is. */
static void stay(struct script_host *host, const struct tenant *tenant, struct script_run *run)
{
    struct script_call *call = run->call;
    metric_add(METRIC_SCRIPT_RELOADS_MIGRATE_FAILED, 1);
    news_note(tenant->id, run->version->agent->version, "migrate_failed");
    log_warn("call.stays", "call=%s version=%s instead_of=%s", call->facts.call_id,
        call->version->agent->version, run->version->agent->version);
    if (call->version->fate == VERSION_ROLLED_BACK)
        move(host, tenant, call, run->version, NULL);
    else
        call->is_kept = true;
}

void moving_migrated(struct script_host *host, struct tenant *tenant, struct script_run *run,
    enum script_ending ending, const char *text)
{
    struct script_call *call = run->call;
    bool is_wanted = call->version != run->version && rollout_choose(tenant, call) == run->version;
    if (is_wanted && ending == SCRIPT_DONE)
        move(host, tenant, call, run->version, text);
    else if (is_wanted)
        stay(host, tenant, run);
    else if (call->version != run->version) { /* something newer came meanwhile */
        moving_begin_turn(host, tenant, call, take_job(run));
        return;
    }
    calling_go(host, call, take_job(run));
}

bool moving_retry(struct script_host *host, struct tenant *tenant, struct script_run *run)
{
    struct script_call *call = run->call;
    struct version *failed = run->version;
    bool is_new = failed->fate == VERSION_ROLLED_BACK || failed == tenant->canary ||
                  (failed == tenant->current && rollout_is_on_probation(host, tenant, failed));
    if (run->is_answered || !is_new || call->version != failed)
        return false;
    struct version *other = call->back.is_there && call->back.version ? call->back.version
                            : failed == tenant->current               ? tenant->previous
                                                                      : tenant->current;
    if (!other || other == failed)
        return false;
    version_hold(other);
    if (call->back.is_there)
        go_back(call);
    if (call->version != other)
        set_version(call, other);
    log_info("prompt.again", "call=%s version=%s instead_of=%s", call->facts.call_id,
        other->agent->version, failed->agent->version);
    calling_go(host, call, take_job(run));
    version_release(other);
    return true;
}

void moving_forget(struct script_call *call)
{
    drop_return(&call->back);
    set_version(call, NULL);
}
