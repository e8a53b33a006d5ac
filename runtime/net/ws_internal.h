/* The inside of a WebSocket: the queue, the messages, the end are the same for all; what carries the
   frames is libwebsockets for clients (`wsi`) and our own socket for accepted ones (`wire`). Carrier and
   socket point at each other until one side lets go; after that the carrier dies alone and silently.

       caller ─ ws_send ─► queue ─► transport ─► wire      wire ─► transport ─► received ─► on_text
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

struct ws_wire;

struct ws_transport {
    void (*want_write)(struct ws *ws); /* something waits in the queue: send it soon */
    void (*write_now)(struct ws *ws);  /* what the kernel takes; calls no listener; may be NULL */
    void (*let_go)(struct ws *ws);     /* the carrier ends alone */
    bool checks_text;                  /* what it gives as text is valid UTF-8 */
};

extern const struct ws_transport ws_lws_transport, ws_wire_transport;

struct ws {
    struct net_object object;
    struct net_loop *loop;
    const struct ws_transport *transport;
    struct lws *wsi;      /* clients; NULL before the connect and after the end */
    struct ws_wire *wire; /* accepted sockets; NULL after the end */
    const struct ws_listener *listener;
    void *owner;
    struct log_call *log; /* it serves */
    bool is_held;         /* accepted sockets: nothing is read for now */
    enum ws_state state;
    unsigned depth; /* callbacks of ours on the stack: memory stays until they return */
    struct ws_queue queue;
    struct net_timer *deadline; /* connecting, then closing */

    struct strbuf partial; /* a message that comes in pieces */
    bool in_message;
    bool is_dropping; /* the rest of this message is skipped */
    size_t max_message_bytes;

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

struct ws *ws_make(struct net_loop *loop, const struct ws_transport *transport,
    size_t max_message_bytes, size_t max_queue_bytes);
void ws_opened(struct ws *ws);
/* Ends the socket and tells the owner. The memory may be gone afterwards. */
void ws_finish(struct ws *ws, enum err err, int code, const char *why);
void ws_drop(struct ws *ws); /* ends it without telling */
/* Drops what waits and closes: the peer's fault. */
void ws_reject(struct ws *ws, int code, const char *why);
/* The close handshake is under way: `why` for the owner, and a deadline for the rest of it. */
void ws_begin_close(struct ws *ws, enum err err, const char *why);
void ws_connection_gone(struct ws *ws); /* its carrier ended: in order, or lost */
void ws_enter(struct ws *ws);
bool ws_leave(struct ws *ws); /* false: the socket ended meanwhile, do not touch it again */
/* A piece of a message, for the owner once it is whole. */
void ws_received(struct ws *ws, struct slice piece, bool is_last, bool is_binary);

/* ws_lws.c */
void ws_let_go(struct ws *ws); /* its libwebsockets connection ends alone */
/* From libwebsockets; an answer of −1 closes the connection. */
int ws_writable(struct ws *ws);
void ws_peer_closes(struct ws *ws, struct slice payload);

/* ws_client.c */
void ws_client_free(struct ws_client *client);
int ws_client_add_headers(struct ws *ws, unsigned char **at, unsigned char *end);
/* The server's certificate is being checked; 0 goes on with the verdict in `check`. */
int ws_client_verify(struct ws *ws, struct x509_store_ctx_st *check, bool is_good);
void ws_client_failed(struct ws *ws, struct slice detail, int http_status);

/* ws_server.c. A hub is what the accepted sockets of one server share: the buffer they read into, and
   the list of those with something to send, sent once a turn before the loop waits. */
struct ws_hub;
must_use enum err ws_hub_create(struct ws_hub **out, struct net_loop *loop);
void ws_hub_destroy(struct ws_hub *hub); /* its sockets are gone */

struct ws_accept_options {
    size_t max_message_bytes, max_queue_bytes;
    unsigned max_frames_per_second; /* 0: no cap */
};
/* The socket of a checked upgrade request becomes a WebSocket and answers 101. Takes the descriptor;
   NULL when it cannot be. Reads once a listener is set. */
struct ws *ws_accept(
    struct ws_hub *hub, int fd, struct slice key, const struct ws_accept_options *options);
void ws_wire_listen(struct ws_wire *wire); /* a listener came */
