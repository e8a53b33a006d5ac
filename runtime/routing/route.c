#include "routing/route.h"

#include <string.h>

#include "base/slice.h"
#include "routing/usage.h"

static void add(struct route *route, const struct provider *provider, const struct route_wish *wish)
{
    if (!provider || route->count == ROUTE_MAX)
        return;
    struct route_choice *choice = &route->list[route->count++];
    *choice = (struct route_choice){.provider = provider};
    if (!wish)
        return;
    slice_copy(slice_from(wish->model), choice->model, sizeof choice->model);
    slice_copy(slice_from(wish->voice), choice->voice, sizeof choice->voice);
}

void route_make(struct route *route, struct desk *desk, enum provider_slot slot,
    const char *tenant_id, const struct route_wish *wishes, size_t wish_count)
{
    *route = (struct route){.desk = desk, .catalog = catalog_now()};
    slice_copy(slice_from(tenant_id), route->tenant_id, sizeof route->tenant_id);
    for (size_t i = 0; i < wish_count; i++)
        if (wishes[i].provider[0])
            add(route, catalog_find(route->catalog, slot, wishes[i].provider), &wishes[i]);
    if (route->count)
        return;
    const struct route_wish *first = wish_count && !wishes[0].provider[0] ? wishes : NULL;
    for (size_t i = 0; i < catalog_count(route->catalog); i++)
        if (catalog_at(route->catalog, i)->driver->slot == slot)
            add(route, catalog_at(route->catalog, i), route->count ? NULL : first);
}

void route_copy(struct route *out, const struct route *route)
{
    *out = *route;
    catalog_hold(out->catalog);
}

void route_clear(struct route *route)
{
    catalog_release(route->catalog);
    *route = (struct route){0};
}

/* ---- settings ---- */

static const char *key_of(const struct route *route, size_t index)
{
    return catalog_key(route->catalog, route->list[index].provider, route->tenant_id);
}

struct stt_settings route_stt(
    const struct route *route, size_t index, const struct stt_settings *base)
{
    const struct route_choice *choice = &route->list[index];
    struct stt_settings settings = choice->provider->stt;
    settings.api_key = key_of(route, index);
    settings.model = route_model(route, index);
    if (base->language && base->language[0])
        settings.language = base->language;
    return settings;
}

struct llm_settings route_llm(
    const struct route *route, size_t index, const struct llm_settings *base)
{
    struct llm_settings settings = route->list[index].provider->llm;
    settings.api_key = key_of(route, index);
    settings.model = route_model(route, index);
    return settings;
}

static double or_usual(double own, double usual)
{
    return own >= 0 ? own : usual;
}

struct tts_settings route_tts(
    const struct route *route, size_t index, const struct tts_settings *base)
{
    const struct route_choice *choice = &route->list[index];
    struct tts_settings settings = choice->provider->tts;
    settings.api_key = key_of(route, index);
    settings.model = route_model(route, index);
    if (choice->voice[0])
        settings.voice_id = choice->voice;
    if (base->language && base->language[0])
        settings.language = base->language;
    settings.stability = or_usual(base->stability, settings.stability);
    settings.similarity = or_usual(base->similarity, settings.similarity);
    settings.speed = or_usual(base->speed, settings.speed);
    if (base->pitch != 0)
        settings.pitch = base->pitch;
    return settings;
}

const char *route_provider(const struct route *route, size_t index)
{
    return route->list[index].provider->name;
}

const char *route_model(const struct route *route, size_t index)
{
    const struct route_choice *choice = &route->list[index];
    const char *usual = provider_model(choice->provider);
    return choice->model[0] ? choice->model : usual ? usual : "";
}

const char *route_key_source(const struct route *route, size_t index)
{
    return catalog_key_source(route->catalog, route->list[index].provider, route->tenant_id);
}

void route_used(const struct route *route, size_t index, const struct usage_amount *amount)
{
    const struct provider *provider = route->list[index].provider;
    struct usage_amount priced = *amount;
    if (!route->usage)
        return;
    usage_price(&priced, &provider->prices);
    usage_add(
        route->usage, provider->driver->slot, provider->name, route_model(route, index), &priced);
}
