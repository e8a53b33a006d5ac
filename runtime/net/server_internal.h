/* The inside of the server: a listener that accepts, connections that read requests, exchanges that
   answer them, and the WebSockets that upgrades became.

       accept ─► connection: head ─► body ─► exchange ─► answer ─► head …
                               └─► upgrade ─► ws_accept (the descriptor moves to ws_server.c)
*/
#pragma once

#include "net/internal.h"
#include "net/request.h"
#include "net/server.h"

#define EXCHANGE_HEADERS 4

struct connection;

struct exchange {
    struct connection *connection;
    struct {
        char name[48];
        char value[208];
    } headers[EXCHANGE_HEADERS];
    unsigned header_count;
    bool is_head; /* HEAD: no body goes out */
    bool is_1_0;
    bool is_chunked; /* the streamed answer */
};

enum connection_state {
    CONNECTION_HEAD, /* reading a request's head; or idle before it */
    CONNECTION_BODY,
    CONNECTION_WAITING,   /* the exchange is with the handlers */
    CONNECTION_STREAMING, /* exchange_begin was called, exchange_end is owed */
    CONNECTION_FLUSHING,  /* the last answer goes out, then the end */
    CONNECTION_LINGERING, /* said no more; reads the rest so that the answer is not reset away */
    CONNECTION_LOST,      /* the client left a stream; exchange_end is owed */
    CONNECTION_CLOSED,
};

struct connection {
    struct server *server;
    struct connection *next, **link; /* the server's list */
    enum connection_state state;
    int fd;
    uv_poll_t poll;
    int watched; /* what `poll` waits for: starting it anew costs two system calls */
    uv_timer_t timer;
    unsigned open_handles;
    bool keep_alive;    /* after this answer */
    bool has_unread;    /* `in` may hold a request that nobody looked at */
    struct strbuf in;   /* read and not used */
    struct strbuf head; /* of the running request: its slices point here */
    struct strbuf body;
    struct strbuf out; /* not sent; starts at out_sent */
    size_t out_sent;
    struct request request;
    struct chunked chunked;
    struct exchange exchange;
    char peer[ADDRESS_SIZE];
};

struct server {
    struct net_object object;
    struct net_loop *loop;
    struct server_options options;
    struct server_handlers handlers;
    void *owner;
    int fd;
    int port;
    uv_poll_t poll;
    bool is_accepting; /* until it closes */
    bool is_polling;   /* false while the connections are full, or descriptors ran out */
    uint64_t spent_ms; /* when they ran out and the log said so */
    uv_timer_t breath; /* until accepting is tried again when descriptors ran out */
    unsigned open_handles;
    struct connection *connections;
    struct ws *sockets;
    struct ws_hub *hub; /* what they share */
    unsigned count;     /* connections and sockets */
};

/* listen.c: −1 and `why` when it fails; the port bound goes to `port`. */
int listen_open(const char *where, bool is_shared, int *port, char why[200]);
void listen_close(int fd, int port);

void server_one_gone(struct server *server);                             /* room for another */
void server_adopt(struct server *server, struct connection *connection); /* a checked upgrade */

void connection_open(struct server *server, int fd, const struct sockaddr *peer);
void connection_close(struct connection *connection);
void connection_describe(const struct connection *connection, struct http_request *out);
/* Refuses what cannot be read on: the answer, then the end. */
void connection_refuse(struct connection *connection, int status);
/* What was put into `out` begins to go; `is_last`: the answer is whole. */
void connection_send(struct connection *connection, bool is_last);
int connection_release(struct connection *connection); /* its descriptor, and it is closed */
