#include "routing/desk.h"

#include <stdlib.h>

struct desk {
    struct net_loop *loop;
};

enum err desk_create(struct desk **out, struct net_loop *loop)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ERR_NOMEM;
    desk->loop = loop;
    *out = desk;
    return ERR_OK;
}

void desk_destroy(struct desk *desk)
{
    free(desk);
}

enum desk_verdict desk_enter(struct desk *desk, const struct route *route, size_t index)
{
    return DESK_ENTERED;
}

void desk_leave(struct desk *desk, const struct route *route, size_t index,
    const struct failure *failure, unsigned first_ms)
{
}
