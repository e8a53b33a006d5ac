#include "live/agent_route.h"

#include <string.h>

#include "routing/desk.h"

/* The model and voice of agent.lua's other fields are the first provider's. */
static struct route_wish wish_of(const struct agent_provider *provider, struct route_wish usual)
{
    return (struct route_wish){.provider = provider->name,
        .model = provider->model[0] ? provider->model : usual.model,
        .voice = provider->voice[0] ? provider->voice : usual.voice};
}

static const struct agent_providers *wanted_of(const struct agent *agent, enum provider_slot slot)
{
    switch (slot) {
    case SLOT_HEAR:
        return &agent->hear;
    case SLOT_THINK:
        return &agent->think;
    case SLOT_SPEAK:
        break;
    }
    return &agent->speak;
}

static struct route_wish usual_of(const struct agent *agent, enum provider_slot slot)
{
    switch (slot) {
    case SLOT_HEAR:
        return (struct route_wish){"", agent->stt_model, ""};
    case SLOT_THINK:
        return (struct route_wish){"", agent->chat_model, ""};
    case SLOT_SPEAK:
        break;
    }
    return (struct route_wish){"", agent->tts_model, agent->voice_id};
}

void agent_route_make(struct route *route, struct desk *desk, enum provider_slot slot,
    const struct agent *agent, const char *call_id)
{
    const struct agent_providers *wanted = wanted_of(agent, slot);
    struct route_wish usual = usual_of(agent, slot);
    struct route_wish wishes[AGENT_PROVIDERS_MAX] = {usual};
    size_t count = wanted->count;
    for (size_t i = 0; i < count; i++)
        wishes[i] = wish_of(&wanted->list[i], i ? (struct route_wish){"", "", ""} : usual);
    route_make(route, desk, slot, agent->tenant_id, wishes, count ? count : 1);
    slice_copy(slice_from(call_id), route->call_id, ROUTE_CALL_SIZE);
}

size_t agent_route_tokens(const struct route *route)
{
    size_t least = 0;
    for (size_t i = 0; i < route->count; i++) {
        unsigned own = route->list[i].provider->llm.context_tokens;
        size_t tokens = own ? own : LLM_CONTEXT_TOKENS;
        if (!least || tokens < least)
            least = tokens;
    }
    return least ? least : LLM_CONTEXT_TOKENS;
}

/* Of the catalog that holds now: it is as good as the question's. */
static void price(struct usage_amount *amount, const struct route *route, const char *name)
{
    const struct provider *provider = catalog_find(route->catalog, SLOT_THINK, name);
    if (provider)
        usage_price(amount, &provider->prices);
}

struct usage_amount agent_route_amount(const struct route *route, const char *provider,
    const struct llm_usage *told, size_t asked_tokens, size_t written_tokens)
{
    bool is_told = told && (told->prompt_tokens || told->completion_tokens);
    struct usage_amount amount = {.requests = 1, .is_estimate = !is_told};
    amount.prompt_tokens = is_told ? told->prompt_tokens : asked_tokens;
    amount.cached_tokens = is_told ? told->cached_tokens : 0;
    amount.completion_tokens = is_told ? told->completion_tokens : written_tokens;
    price(&amount, route, provider);
    return amount;
}
