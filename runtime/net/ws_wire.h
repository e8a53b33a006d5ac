/* The inside of accepted sockets: what one is, and its sending half. The receiving half and its life are in
   ws_server.c. */
#pragma once

#include "net/ws_internal.h"

#define READ_BYTES 65536u

struct ws_hub {
    struct ws_wire *unsent; /* those with something to send */
    uv_prepare_t prepare;   /* runs after the timers, before the loop waits */
    struct net_loop *loop;
    unsigned char buffer[READ_BYTES];
};

struct ws_wire {
    uv_poll_t poll;
    struct ws_hub *hub;
    struct ws *ws; /* NULL once let go */
    int fd;
    int watched; /* what `poll` waits for: starting it anew costs two system calls */
    struct ws_wire *next, **link; /* in the unsent list; link NULL when not */
    bool is_blocked;              /* the kernel took no more: sends when writable */
    bool is_broken;               /* sending failed */
    bool is_close_queued;         /* our close frame is in the queue, or out */
    unsigned max_frames_per_second;
    unsigned window_count; /* frames in the running second */
    uint64_t window_start_ms;
    uint64_t message_bytes; /* of the running message so far */
    struct ws_frames frames;
};

void ws_wire_ready(uv_poll_t *poll, int status, int events); /* what the poll calls */
void ws_wire_watch(struct ws_wire *wire); /* waits for what is wanted now, and for nothing else */

/* ws_wire.c. Nothing here calls a listener but ws_wire_settle and the hub's turn. */
void ws_wire_want_write(struct ws *ws);
void ws_wire_write_now(struct ws *ws);
void ws_wire_leave_unsent(struct ws_wire *wire);
void ws_wire_flush(struct ws_wire *wire);     /* sends what the kernel takes */
void ws_wire_send_owed(struct ws_wire *wire); /* the same before what waits is dropped */
/* Our close frame goes behind what waits; `code` 0: an empty one. */
void ws_wire_queue_close(struct ws_wire *wire, int code, struct slice reason);
/* After a flush on the loop's own account; the socket may be gone afterwards. */
void ws_wire_settle(struct ws_wire *wire);
void ws_hub_send_unsent(uv_prepare_t *prepare);
