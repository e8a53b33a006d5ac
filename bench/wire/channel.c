#include "wire/channel.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_OUT_BYTES (4 * 1024 * 1024)
#define MOST_IN_BYTES (4 * 1024 * 1024)
#define READ_BYTES 8192

static void on_ready(struct watch *watch, uint32_t events);

void channel_init(
    struct channel *channel, struct poller *poller, const struct channel_ops *ops, void *owner)
{
    *channel = (struct channel){
        .watch = {.fd = -1, .on_ready = on_ready}, .poller = poller, .ops = ops, .owner = owner};
    channel->watch.owner = channel;
    strbuf_init(&channel->out, MOST_OUT_BYTES);
}

bool channel_is_up(const struct channel *channel)
{
    return channel->is_open;
}

void channel_close(struct channel *channel)
{
    if (channel->watch.fd < 0)
        return;
    poller_unwatch(channel->poller, &channel->watch);
    if (channel->ssl)
        SSL_free(channel->ssl);
    close(channel->watch.fd);
    free(channel->in);
    strbuf_free(&channel->out);
    channel_init(channel, channel->poller, channel->ops, channel->owner);
}

static void end(struct channel *channel, const char *why)
{
    channel_close(channel);
    channel->ops->on_closed(channel, why);
}

static void ask_for(struct channel *channel, bool wants_out)
{
    if (channel->wants_out == wants_out)
        return;
    channel->wants_out = wants_out;
    poller_change(channel->poller, &channel->watch, EPOLLIN | (wants_out ? EPOLLOUT : 0));
}

/* ---- out ---- */

/* What went; below 0: broken. */
static ssize_t write_some(struct channel *channel, const void *data, size_t len)
{
    if (!channel->ssl) {
        ssize_t sent = send(channel->watch.fd, data, len, MSG_NOSIGNAL);
        return sent >= 0 ? sent : errno == EAGAIN ? 0 : -1;
    }
    int sent = SSL_write(channel->ssl, data, (int)len);
    if (sent > 0)
        return sent;
    int error = SSL_get_error(channel->ssl, sent);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void flush(struct channel *channel)
{
    while (channel->out.len) {
        ssize_t sent = write_some(channel, channel->out.data, channel->out.len);
        if (sent <= 0)
            break; /* a broken one tells by its next event */
        strbuf_drop_front(&channel->out, (size_t)sent);
    }
    ask_for(channel, channel->out.len > 0);
}

static void keep(struct channel *channel, const char *data, size_t len)
{
    if (!len)
        return;
    strbuf_add(&channel->out, data, len);
    if (channel->out.failed)
        shutdown(channel->watch.fd, SHUT_RDWR);
    ask_for(channel, true);
}

void channel_write(struct channel *channel, const void *data, size_t len)
{
    if (!channel->is_open)
        return;
    ssize_t sent = channel->out.len ? 0 : write_some(channel, data, len);
    if (sent >= 0)
        keep(channel, (const char *)data + sent, len - (size_t)sent);
}

void channel_write2(struct channel *channel, struct slice first, struct slice second)
{
    if (!channel->is_open)
        return;
    ssize_t sent = 0;
    if (!channel->out.len && !channel->ssl) {
        struct iovec parts[2] = {
            {(void *)first.data, first.len}, {(void *)second.data, second.len}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        sent = sendmsg(channel->watch.fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return;
        sent = sent < 0 ? 0 : sent;
    }
    size_t of_first = (size_t)sent < first.len ? (size_t)sent : first.len;
    size_t of_second = (size_t)sent - of_first;
    keep(channel, first.data + of_first, first.len - of_first);
    keep(channel, second.data + of_second, second.len - of_second);
}

/* ---- in ---- */

struct slice channel_input(const struct channel *channel)
{
    return (struct slice){channel->in + channel->in_start, channel->in_end - channel->in_start};
}

void channel_used(struct channel *channel, size_t len)
{
    channel->in_start += len;
    if (channel->in_start == channel->in_end)
        channel->in_start = channel->in_end = 0;
}

static bool make_room(struct channel *channel)
{
    if (channel->in_capacity - channel->in_end >= READ_BYTES)
        return true;
    size_t len = channel->in_end - channel->in_start;
    if (channel->in_start)
        memmove(channel->in, channel->in + channel->in_start, len);
    channel->in_start = 0;
    channel->in_end = len;
    if (channel->in_capacity - len >= READ_BYTES)
        return true;
    size_t capacity = channel->in_capacity ? 2 * channel->in_capacity : 2 * READ_BYTES;
    char *grown = capacity <= MOST_IN_BYTES ? realloc(channel->in, capacity) : NULL;
    if (!grown)
        return false;
    channel->in = grown;
    channel->in_capacity = capacity;
    return true;
}

/* Bytes read; 0: nothing there; below 0: ended. */
static ssize_t read_some(struct channel *channel)
{
    char *at = channel->in + channel->in_end;
    size_t room = channel->in_capacity - channel->in_end;
    if (!channel->ssl) {
        ssize_t len = recv(channel->watch.fd, at, room, 0);
        return len > 0 ? len : len < 0 && errno == EAGAIN ? 0 : -1;
    }
    int len = SSL_read(channel->ssl, at, (int)room);
    if (len > 0)
        return len;
    int error = SSL_get_error(channel->ssl, len);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* One read a wake-up without TLS (epoll tells again); all of it with TLS, which keeps records to itself. */
static void take_input(struct channel *channel)
{
    ssize_t len = 1;
    while (channel->watch.fd >= 0 && len > 0) {
        len = make_room(channel) ? read_some(channel) : -1;
        if (len < 0) {
            end(channel, "the other side closed");
            return;
        }
        channel->in_end += (size_t)len;
        if (len > 0)
            channel->ops->on_data(channel);
        if (!channel->ssl)
            return;
    }
}

/* ---- opening ---- */

static void opened(struct channel *channel)
{
    channel->is_open = true;
    ask_for(channel, false);
    channel->ops->on_open(channel);
}

static void shake_hands(struct channel *channel)
{
    int done = SSL_connect(channel->ssl);
    if (done == 1) {
        opened(channel);
        return;
    }
    int error = SSL_get_error(channel->ssl, done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        ask_for(channel, error == SSL_ERROR_WANT_WRITE);
        return;
    }
    char why[160];
    long verified = SSL_get_verify_result(channel->ssl);
    snprintf(why, sizeof why, "TLS: %s",
        verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                              : ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    end(channel, why);
}

static void on_ready(struct watch *watch, uint32_t events)
{
    struct channel *channel = watch->owner;
    if (!channel->is_open) {
        int error = 0;
        socklen_t len = sizeof error;
        getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error)
            end(channel, strerror(error));
        else if (channel->ssl)
            shake_hands(channel);
        else
            opened(channel);
        return;
    }
    if (events & EPOLLOUT)
        flush(channel);
    if (events & ~(uint32_t)EPOLLOUT)
        take_input(channel);
}

static enum err start_tls(struct channel *channel, struct ssl_ctx_st *tls, const char *host)
{
    channel->ssl = SSL_new(tls);
    if (!channel->ssl || !SSL_set_fd(channel->ssl, channel->watch.fd) ||
        !SSL_set_tlsext_host_name(channel->ssl, host) || !SSL_set1_host(channel->ssl, host))
        return ERR_SYSTEM;
    SSL_set_mode(channel->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ERR_OK;
}

static void no_delay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

enum err channel_connect(struct channel *channel, const struct sockaddr_in *address,
    struct ssl_ctx_st *tls, const char *host)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_SYSTEM;
    no_delay(fd);
    channel->watch.fd = fd;
    channel->wants_out = true;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) && errno != EINPROGRESS) {
        close(fd);
        channel->watch.fd = -1;
        return ERR_UNREACHABLE;
    }
    enum err err = poller_watch(channel->poller, &channel->watch, EPOLLIN | EPOLLOUT);
    if (!err && tls)
        err = start_tls(channel, tls, host);
    if (err)
        channel_close(channel);
    return err;
}

enum err channel_adopt(struct channel *channel, int fd)
{
    no_delay(fd);
    channel->watch.fd = fd;
    channel->is_open = true;
    enum err err = poller_watch(channel->poller, &channel->watch, EPOLLIN);
    if (err) {
        close(fd);
        channel->watch.fd = -1;
        channel->is_open = false;
    }
    return err;
}

/* ---- listening ---- */

static void on_knock(struct watch *watch, uint32_t events)
{
    struct listener *listener = watch->owner;
    int fd;
    while ((fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        listener->on_accept(listener, fd);
}

enum err listener_open(struct listener *listener, struct poller *poller, unsigned port,
    void (*on_accept)(struct listener *listener, int fd), void *owner)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *listener = (struct listener){.watch = {.fd = fd, .on_ready = on_knock, .owner = listener},
        .poller = poller,
        .on_accept = on_accept,
        .owner = owner};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, len) || listen(fd, 4096) ||
        getsockname(fd, (struct sockaddr *)&address, &len))
        return ERR_SYSTEM;
    listener->port = ntohs(address.sin_port);
    return poller_watch(poller, &listener->watch, EPOLLIN);
}
