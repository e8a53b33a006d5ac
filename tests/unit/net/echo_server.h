/* A server of ours for the stories: echoes text, answers a few paths, remembers what happened. */
#pragma once

#include "unit/net/net_story.h"

#define MOST_SOCKETS 8

struct echo_server;

struct echo_socket {
    struct echo_server *server;
    struct ws *ws; /* NULL after on_closed */
};

struct echo_server {
    struct server *server;
    struct echo_socket sockets[MOST_SOCKETS];
    unsigned socket_count;
    bool is_echoing;
    unsigned texts, bads, closed;
    size_t last_len;
    char last_bad[64];
    enum err closed_err;
    int closed_code;

    unsigned requests, cancelled;
    struct exchange *held; /* of /hold and /stream: answered by the story */
    char method[16], path[64], query[128], body[256], type[64];
    size_t body_len;
};

extern const struct server_options echo_options;
void echo_start(
    struct echo_server *echo, struct story *story, const struct server_options *options);
int echo_port(const struct echo_server *echo);
