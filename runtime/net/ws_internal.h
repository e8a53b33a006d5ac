/* The inside of a WebSocket. libwebsockets' connection (`wsi`) and ours point at each other until one
   side lets go; after that the wsi dies alone and silently.

       caller ─ ws_send ─► queue ─► writable ─► lws_write          lws ─► received ─► on_text
*/
#pragma once

#include "base/strbuf.h"
#include "net/internal.h"
#include "net/ws_queue.h"

enum ws_state {
    WS_CONNECTING, /* resolving, connecting, TLS, upgrade */
    WS_OPEN,
    WS_FLUSHING, /* ws_close was called: the queue goes out first */
    WS_CLOSING,  /* the close frame is on its way; nothing more is taken or delivered */
    WS_DEAD,     /* on_closed was called or is not owed */
};

struct ws {
    struct net_object object;
    struct net_loop *loop;
    struct lws *wsi; /* NULL before the connect and after the end */
    const struct ws_listener *listener;
    void *owner;
    enum ws_state state;
    unsigned depth;       /* callbacks of ours on the stack: memory stays until they return */
    struct ws_look *look; /* accepted sockets: until the first frame was seen to be masked */
    struct ws_queue queue;
    struct net_timer *deadline; /* connecting, then closing */

    struct strbuf partial; /* a message that comes in pieces */
    bool in_message;
    bool is_dropping; /* the rest of this message is skipped */
    size_t max_message_bytes;
    unsigned max_messages_per_second; /* 0: no cap */
    unsigned window_count;            /* messages in the running second */
    uint64_t window_start_ms;

    enum err end_err; /* what on_closed will say */
    int end_code;
    char end_why[TLS_WHY_SIZE];
    int close_code; /* what ws_close asked for */
    char close_reason[124];

    struct ws_client *client;                     /* connecting only; NULL for accepted sockets */
    void (*on_gone)(void *server, struct ws *ws); /* accepted sockets: leaves the server's books */
    void *server;
    struct ws *server_next, **server_link;
};

struct ws *ws_make(struct net_loop *loop, size_t max_message_bytes, size_t max_queue_bytes);
void ws_opened(struct ws *ws);
/* Ends the socket and tells the owner. The memory may be gone afterwards. */
void ws_finish(struct ws *ws, enum err err, int code, const char *why);
void ws_drop(struct ws *ws); /* ends it without telling */
void ws_let_go(struct ws *ws); /* of libwebsockets' connection, which dies alone */
void ws_flow(struct ws *ws); /* reads, unless the first frame or the listener is still awaited */
void ws_reject(
    struct ws *ws, int code, const char *why); /* drops what waits and closes: the peer's fault */
void ws_enter(struct ws *ws);
bool ws_leave(struct ws *ws); /* false: the socket ended meanwhile, do not touch it again */

/* From libwebsockets; an answer of −1 closes the connection. */
int ws_received(struct ws *ws, const char *data, size_t len, bool is_last, bool is_binary);
int ws_writable(struct ws *ws);
void ws_peer_closes(struct ws *ws, struct slice payload);

/* ws_client.c */
void ws_client_free(struct ws_client *client);
int ws_client_add_headers(struct ws *ws, unsigned char **at, unsigned char *end);
void ws_client_failed(struct ws *ws, struct slice detail, int http_status);
/* The server's certificate is being checked; 0 goes on with the verdict in `check`. */
int ws_client_verify(struct ws *ws, struct x509_store_ctx_st *check, bool is_good);

/* ws_accept.c: the socket of a checked upgrade request becomes a WebSocket. Takes the descriptor. */
void ws_look_end(struct ws *ws);
struct ws *ws_accept(struct net_loop *loop, int fd, struct slice key, size_t max_message_bytes,
    size_t max_queue_bytes);
