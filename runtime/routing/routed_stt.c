/* A session with the first provider of the route. */
#include "routing/routed.h"

static enum err open_session(struct stt **out, struct net_loop *loop,
    const struct stt_settings *settings, const struct stt_listener *listener, void *owner)
{
    const struct route *route = settings->route;
    if (!route->count)
        return ERR_NOT_FOUND;
    struct stt_settings own = route_stt(route, 0, settings);
    if (listener->on_source)
        listener->on_source(owner, route_provider(route, 0), route_model(route, 0));
    return route->list[0].provider->driver->stt->open(out, loop, &own, listener, owner);
}

const struct stt_ops routed_stt = {.name = "routed", .open = open_session};
