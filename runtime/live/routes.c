/* Whom a call asks: the providers its version names, out of those that the operator set up. Made again when either changes. */
#include "live/call.h"

static void make(struct call *call, enum provider_slot slot, const struct agent_providers *wanted,
    struct route_wish usual)
{
    struct route_wish wishes[AGENT_PROVIDERS_MAX] = {usual};
    size_t count = wanted->count;
    for (size_t i = 0; i < count; i++) {
        const struct agent_provider *each = &wanted->list[i];
        wishes[i] = (struct route_wish){each->name, each->model, each->voice};
    }
    route_clear(&call->routes[slot]);
    route_make(&call->routes[slot], call->worker->desk, slot, call->facts.tenant_id, wishes,
        count ? count : 1);
    slice_copy(slice_from(call->facts.call_id), call->routes[slot].call_id, ROUTE_CALL_SIZE);
}

static void make_all(struct call *call, uint64_t generation)
{
    const struct agent *agent = call->agent;
    make(call, SLOT_HEAR, &agent->hear, (struct route_wish){"", agent->stt_model, ""});
    make(call, SLOT_THINK, &agent->think, (struct route_wish){"", agent->chat_model, ""});
    make(call, SLOT_SPEAK, &agent->speak,
        (struct route_wish){"", agent->tts_model, agent->voice_id});
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
