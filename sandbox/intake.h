/* What a client says on a WebSocket, on its way to the service: through the delays and losses of the fault's
   gate, in order. Without a fault a message is delivered at once. A slow reader leaves the socket unread
   after every message for as long as reading it would have taken, so that the sender's queues fill.

   `deliver` must not close the intake. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "gate.h"
#include "net/loop.h"
#include "net/ws.h"

struct intake_item;
struct intake {
    struct gate *gate; /* shared with what the connection says */
    void (*deliver)(void *owner, struct slice message);
    void *owner;
    struct ws *ws;
    struct net_timer *timer;
    struct intake_item *first;
    struct intake_item *last;
    size_t waiting_bytes;
    uint64_t last_due_ms;
    uint64_t busy_until_ms; /* with reading; 0: the socket is read */
};

must_use enum err intake_init(struct intake *intake, struct net_loop *loop, struct ws *ws,
    struct gate *gate, void (*deliver)(void *owner, struct slice message), void *owner);
void intake_close(struct intake *intake); /* drops what waits; fine when init failed or never was */
/* ERR_FULL: more than 16 MiB would wait; ERR_NOMEM. The message is lost then. */
must_use enum err intake_take(struct intake *intake, struct slice message);
