/* Whom a call asks: the providers its version names, out of those that the operator set up. Made again when either changes. */
#include <string.h>

#include "live/call.h"
#include "observe/log.h"

/* The model and voice of agent.lua's other fields are the first provider's. */
static struct route_wish wish_of(const struct agent_provider *provider, struct route_wish usual)
{
    return (struct route_wish){.provider = provider->name,
        .model = provider->model[0] ? provider->model : usual.model,
        .voice = provider->voice[0] ? provider->voice : usual.voice};
}

static void make(struct call *call, enum provider_slot slot, const struct agent_providers *wanted,
    struct route_wish usual)
{
    struct route_wish wishes[AGENT_PROVIDERS_MAX] = {usual};
    size_t count = wanted->count;
    for (size_t i = 0; i < count; i++)
        wishes[i] = wish_of(&wanted->list[i], i ? (struct route_wish){"", "", ""} : usual);
    route_clear(&call->routes[slot]);
    route_make(&call->routes[slot], call->worker->desk, slot, call->facts.tenant_id, wishes,
        count ? count : 1);
    slice_copy(slice_from(call->facts.call_id), call->routes[slot].call_id, ROUTE_CALL_SIZE);
    call->routes[slot].usage = &call->usage;
}

/* ---- names that nobody has ---- */

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
    const struct agent *agent = call->agent;
    make(call, SLOT_HEAR, &agent->hear, (struct route_wish){"", agent->stt_model, ""});
    make(call, SLOT_THINK, &agent->think, (struct route_wish){"", agent->chat_model, ""});
    make(call, SLOT_SPEAK, &agent->speak,
        (struct route_wish){"", agent->tts_model, agent->voice_id});
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
