/* Looks after what tenants wish in table tenant_settings: tells live/wishes.h every 15 s, and once an hour takes out what was
   kept for long enough, in small steps and one minute at most, while no other node is at it; and removes sound from this
   node's disk whose row says that it is to go. On the control thread. Postgres away: later. */
#pragma once

#include "net/loop.h"

struct caretaker;
/* Strings must outlive it. */
must_use enum err caretaker_start(struct caretaker **out, struct net_loop *loop,
    const char *database_url, const char *node, const char *data);
void caretaker_stop(struct caretaker *caretaker); /* NULL is fine */
