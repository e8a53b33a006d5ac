/* A sandbox and its clients on one loop: real sockets, scripted ears. Verbs for stories. */
#pragma once

#include "unit/net/net_story.h"

#include <jansson.h>

#include "world.h"

struct sandbox_story {
    struct story net;
    struct world world;
    struct world_options options;
    char address[64]; /* "127.0.0.1:…" */
};

int voice_begin(void **state); /* around all stories of a program */
int voice_end(void **state);
int sandbox_begin(void **state);
int sandbox_end(void **state);

/* A client of the sandbox's WebSockets, with everything it was told. */
struct client {
    struct sandbox_story *story;
    struct ws *ws;    /* NULL once closed */
    json_t *received; /* array of objects */
    size_t bad;       /* messages that are no JSON */
    bool is_open;
    bool is_closed;
    int close_code;
    char why[128];
};

void client_connect(struct sandbox_story *story, struct client *client, const char *path,
    const char *header, const char *value);
void client_open(struct sandbox_story *story, struct client *client, const char *path,
    const char *header, const char *value); /* and waits until it is open */
void client_say(struct client *client, const char *text);
void client_close(struct client *client);
/* The first received object from `*at` on whose `key` is `value` (NULL: any value but null); `*at` moves
   behind it. NULL: not there yet. */
json_t *client_find(struct client *client, size_t *at, const char *key, const char *value);
/* Waits for it; fails the test when it does not come. */
json_t *client_wait(struct client *client, size_t *at, const char *key, const char *value);
void client_wait_closed(struct client *client, int code);
const char *text_of(const json_t *object, const char *key); /* "" when missing */

/* One HTTP request, waited for. */
struct answer {
    int status; /* 0: the connection failed */
    bool is_whole;
    unsigned retry_after_ms;
    char body[65536];
    size_t len;
    bool is_done;
};
void ask(struct sandbox_story *story, struct answer *answer, const char *method, const char *url,
    const char *header, const char *value, const char *body);
/* The same to the control port, which must answer 200. */
void control(struct sandbox_story *story, const char *method, const char *path, const char *body);
json_t *control_state(struct sandbox_story *story);
