#include "outreach/outbox.h"

#include <stdlib.h>

#include "outreach/outbox_kind.h"

struct outbox {
    struct net_loop *loop;
    struct outbox_options options;
};

enum err outbox_open(
    struct outbox **out, struct net_loop *loop, const struct outbox_options *options)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return ERR_NOMEM;
    outbox->loop = loop;
    outbox->options = *options;
    *out = outbox;
    return ERR_OK;
}

void outbox_look(struct outbox *outbox)
{
    (void)outbox;
}

void outbox_close(struct outbox *outbox)
{
    free(outbox);
}
