/* A TCP connection over a poller, with what was read and not yet used, and what could not be written yet. TLS on
   the client's side when a context is given. A channel is part of its owner and is never freed in a callback:
   after on_closed it is inert and may be connected again. */
#pragma once

#include <netinet/in.h>

#include "base/slice.h"
#include "base/strbuf.h"
#include "wire/poller.h"

struct ssl_st;
struct ssl_ctx_st;
struct channel;

struct channel_ops {
    void (*on_open)(struct channel *channel); /* not for accepted ones */
    void (*on_data)(struct channel *channel); /* look at channel_input, call channel_used */
    void (*on_closed)(struct channel *channel, const char *why); /* not after channel_close */
};

struct channel {
    struct watch watch;
    struct poller *poller;
    const struct channel_ops *ops;
    void *owner;
    struct ssl_st *ssl;
    bool is_open;
    bool wants_out; /* EPOLLOUT is asked for */
    char *in;
    size_t in_start, in_end, in_capacity;
    struct strbuf out;
};

void channel_init(
    struct channel *channel, struct poller *poller, const struct channel_ops *ops, void *owner);
/* `tls` NULL: plain; `host` is for SNI and the certificate's name. */
must_use enum err channel_connect(struct channel *channel, const struct sockaddr_in *address,
    struct ssl_ctx_st *tls, const char *host);
must_use enum err channel_adopt(struct channel *channel, int fd);
bool channel_is_up(const struct channel *channel);
struct slice channel_input(const struct channel *channel);
void channel_used(struct channel *channel, size_t len);
/* Sends, or keeps what does not go now; a connection that takes 4 MiB without reading is given up. */
void channel_write(struct channel *channel, const void *data, size_t len);
/* Two pieces with one system call. */
void channel_write2(struct channel *channel, struct slice first, struct slice second);
void channel_close(struct channel *channel);

/* A listening socket on 127.0.0.1, port 0 picks one. Each accepted descriptor goes to on_accept. */
struct listener {
    struct watch watch;
    struct poller *poller;
    void (*on_accept)(struct listener *listener, int fd);
    void *owner;
    unsigned port;
};
must_use enum err listener_open(struct listener *listener, struct poller *poller, unsigned port,
    void (*on_accept)(struct listener *listener, int fd), void *owner);
