/* Verbs for stories on a real loop: run it until something holds, raw sockets to misbehave with, and the
   check that a story left nothing behind. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/http.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/ws.h"

#define STORY_LIMIT_MS 8000

struct story {
    struct net_loop *loop;
    struct net_timer *tick;
    unsigned descriptors; /* open before it began */
};

int story_begin(void **state);
int story_end(void **state); /* destroys the loop; no descriptor may be left */
int story_plain_setup(struct story *story, const char *ca_file);
void story_turn(struct story *story); /* the loop for about a millisecond */
void story_run_for(struct story *story, unsigned ms);

/* Runs the loop until the condition holds; fails the test after STORY_LIMIT_MS. */
#define story_until(story, condition)                                                              \
    do {                                                                                           \
        uint64_t story_end_ms = net_loop_now_ms((story)->loop) + STORY_LIMIT_MS;                   \
        while (!(condition)) {                                                                     \
            if (net_loop_now_ms((story)->loop) > story_end_ms)                                     \
                fail_msg("did not happen in time: %s", #condition);                                \
            story_turn(story);                                                                     \
        }                                                                                          \
    } while (0)

unsigned open_descriptors(void);

/* A raw client on loopback. */
struct raw {
    int fd;
    char data[65536]; /* what came back, terminated */
    size_t len;
    bool is_closed; /* by the other side */
};

void raw_connect(struct raw *raw, int port);
int raw_listen(int *port);                /* a listening descriptor on loopback */
bool raw_accept(struct raw *raw, int fd); /* true when somebody came */
void raw_send(struct raw *raw, const void *data, size_t len);
void raw_say(struct raw *raw, const char *text);
bool raw_poll(struct raw *raw); /* reads what is there; true when something new came */
bool raw_has(struct raw *raw, const char *text); /* after reading what is there */
void raw_close(struct raw *raw);
void raw_upgrade(struct story *story, struct raw *raw, int port); /* to a WebSocket, or fails */
/* One masked frame of a client. */
void raw_frame(struct raw *raw, int first_byte, const void *data, size_t len);
