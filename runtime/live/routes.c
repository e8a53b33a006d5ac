/* Whom a call asks: the providers its version names, out of those that the operator set up. Made again when either changes. */
#include <stdio.h>
#include <string.h>

#include "live/agent_route.h"
#include "live/call.h"
#include "observe/log.h"
#include "routing/desk.h"

static void make(struct call *call, enum provider_slot slot)
{
    route_clear(&call->routes[slot]);
    agent_route_make(
        &call->routes[slot], call->worker->desk, slot, call->agent, call->facts.call_id);
    call->routes[slot].usage = &call->usage;
    call->routes[slot].witness = tracing_witness(call);
}

/* ---- what people are to know ---- */

static void tell_nobody(const struct call *call, enum provider_slot slot)
{
    char subject[32];
    unsigned untold;
    snprintf(subject, sizeof subject, "nobody %s", slot_name(slot));
    if (call->routes[slot].count || !desk_reminds(call->worker->desk, subject, &untold))
        return;
    log_error("providers.none", "tenant=%s slot=%s do=%s", call->agent->tenant_id, slot_name(slot),
        "list a provider of this slot: calls only hear the apology");
}

static bool tell_unknown(
    const struct call *call, enum provider_slot slot, const struct agent_providers *wanted)
{
    bool is_told = false;
    for (size_t i = 0; i < wanted->count; i++) {
        if (catalog_find(call->routes[slot].catalog, slot, wanted->list[i].name))
            continue;
        log_warn("providers.unknown", "tenant=%s version=%s slot=%s provider=%s do=%s",
            call->agent->tenant_id, call->agent->version, slot_name(slot), wanted->list[i].name,
            "name one that moonline providers lists; others are asked meanwhile");
        is_told = true;
    }
    return is_told;
}

/* Once a version and media thread. */
static void tell_all_unknown(struct call *call)
{
    struct told *told = &call->worker->told;
    const struct agent *agent = call->agent;
    for (size_t i = 0; i < TOLD_VERSIONS; i++)
        if (strcmp(told->versions[i], agent->version) == 0)
            return;
    bool is_told = tell_unknown(call, SLOT_HEAR, &agent->hear);
    is_told |= tell_unknown(call, SLOT_THINK, &agent->think);
    is_told |= tell_unknown(call, SLOT_SPEAK, &agent->speak);
    if (is_told)
        memcpy(told->versions[told->next++ % TOLD_VERSIONS], agent->version, VERSION_SIZE);
}

static void make_all(struct call *call, uint64_t generation)
{
    for (unsigned slot = 0; slot < PROVIDER_SLOTS; slot++) {
        make(call, (enum provider_slot)slot);
        tell_nobody(call, (enum provider_slot)slot);
    }
    tell_all_unknown(call);
    call->routes_generation = generation;
    agent_release(call->routes_agent);
    call->routes_agent = agent_hold(call->agent);
}

const struct route *routes_of(struct call *call, enum provider_slot slot)
{
    uint64_t generation = catalog_generation() + 1;
    if (call->routes_generation != generation || call->routes_agent != call->agent)
        make_all(call, generation);
    return &call->routes[slot];
}

void routes_clear(struct call *call)
{
    for (size_t i = 0; i < PROVIDER_SLOTS; i++)
        route_clear(&call->routes[i]);
    agent_release(call->routes_agent);
    call->routes_agent = NULL;
    call->routes_generation = 0;
}
