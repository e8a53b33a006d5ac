/* A session with the first provider of the route. */
#include "routing/routed.h"

static enum err open_session(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    const struct route *route = settings->route;
    if (!route->count)
        return ERR_NOT_FOUND;
    struct tts_settings own = route_tts(route, 0, settings);
    return route->list[0].provider->driver->tts->open(out, loop, &own, listener, owner);
}

const struct tts_ops routed_tts = {.name = "routed", .open = open_session};
