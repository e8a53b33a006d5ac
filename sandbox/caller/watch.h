/* Reads along on the server's admin listener: GET /api/calls/{CallSid}/events every 250 ms. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "net/loop.h"

struct watch_listener {
    void (*on_event)(void *owner, const json_t *event); /* each once, in order */
    void (*on_ended)(
        void *owner); /* the server says nothing more will come, or watch_finish gave up */
};

struct watch;
/* `admin`: host:port. */
must_use enum err watch_start(struct watch **out, struct net_loop *loop, const char *admin,
    const char *call_sid, const struct watch_listener *listener, void *owner);
/* The call is over: asks on until the server has said all, at most `patience_ms`; on_ended follows. */
void watch_finish(struct watch *watch, unsigned patience_ms);
bool watch_has_answered(const struct watch *watch); /* the server knew the call at least once */
void watch_destroy(struct watch *watch);            /* at any time; NULL is fine */
