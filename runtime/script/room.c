#include "script/room.h"

#include <utlist.h>

#include "observe/log.h"

static bool is_at_work(const struct script_host *host, const struct program *program)
{
    const struct script_call *call;
    const struct script_run *run;
    if (program->build || program->runs || program->is_ready)
        return true;
    for (call = host->calls; call; call = call->hh.next)
        DL_FOREACH2(call->runs, run, call_next)
        {
            if (run->program == program)
                return true;
        }
    return false;
}

/* The current one last: new calls are about to need it. */
static struct version *find_idle(const struct script_host *host, const struct tenant *tenant)
{
    struct version *version, *longest = NULL;
    DL_FOREACH(tenant->versions.first, version)
    {
        if (!version->program || is_at_work(host, version->program))
            continue;
        if (!longest || longest == tenant->current ||
            (version != tenant->current && version->used_ms < longest->used_ms))
            longest = version;
    }
    return longest;
}

bool room_make(struct script_host *host, struct tenant *tenant)
{
    struct script_call *call;
    struct version *idle;
    while (tenant->versions.program_count >= VERSION_PROGRAMS_MAX) {
        idle = find_idle(host, tenant);
        if (!idle)
            return false;
        for (call = host->calls; call; call = call->hh.next)
            if (call->program == idle->program)
                call_drop_object(call);
        version_discard_program(idle);
        log_info("script.set_aside", "tenant=%s version=%s", tenant->id, idle->agent->version);
    }
    return true;
}

void room_make_for(struct script_host *host, struct tenant *tenant, const struct version *version)
{
    if (!version->program && !room_make(host, tenant))
        log_warn("script.crowded", "tenant=%s version=%s vms=%u", tenant->id,
            version->agent->version, tenant->versions.program_count);
}
