/* A request to the first provider of the route. */
#include <stdlib.h>

#include "routing/routed.h"

struct llm {
    struct llm *inner;
    const struct llm_ops *ops; /* of `inner` */
};

static enum err start(struct llm **out, struct net_loop *loop, const struct llm_settings *settings,
    struct slice messages, struct slice tools, const struct llm_listener *listener, void *owner)
{
    const struct route *route = settings->route;
    struct llm *llm = route->count ? calloc(1, sizeof *llm) : NULL;
    if (!llm)
        return route->count ? ERR_NOMEM : ERR_NOT_FOUND;
    struct llm_settings own = route_llm(route, 0, settings);
    llm->ops = route->list[0].provider->driver->llm;
    enum err err = llm->ops->start(&llm->inner, loop, &own, messages, tools, listener, owner);
    if (err) {
        free(llm);
        return err;
    }
    if (listener->on_source)
        listener->on_source(owner, route_provider(route, 0), route_model(route, 0));
    *out = llm;
    return ERR_OK;
}

static void cancel(struct llm *llm)
{
    llm->ops->cancel(llm->inner);
    free(llm);
}

const struct llm_ops routed_llm = {"routed", start, cancel};
