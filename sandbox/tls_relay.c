#include "tls_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum step { STEP_MOVED, STEP_WAITS, STEP_ENDED, STEP_BROKEN };

/* ---- the TLS side ---- */

static enum step tls_step(struct relay *relay, int got)
{
    switch (SSL_get_error(relay->ssl, got)) {
    case SSL_ERROR_NONE:
        return STEP_MOVED;
    case SSL_ERROR_WANT_READ:
        relay->tls_wants |= POLLIN;
        return STEP_WAITS;
    case SSL_ERROR_WANT_WRITE:
        relay->tls_wants |= POLLOUT;
        return STEP_WAITS;
    case SSL_ERROR_ZERO_RETURN:
        return STEP_ENDED;
    default:
        return STEP_BROKEN;
    }
}

static enum step tls_read(struct relay *relay)
{
    struct relay_way *way = &relay->in;
    if (way->is_ended || way->end == RELAY_BUFFER_BYTES)
        return STEP_WAITS;
    ERR_clear_error();
    int got = SSL_read(relay->ssl, way->data + way->end, (int)(RELAY_BUFFER_BYTES - way->end));
    enum step step = tls_step(relay, got);
    if (step == STEP_MOVED)
        way->end += (size_t)got;
    way->is_ended = step == STEP_ENDED;
    return step == STEP_ENDED ? STEP_MOVED : step;
}

static enum step tls_write(struct relay *relay)
{
    struct relay_way *way = &relay->out;
    ERR_clear_error();
    if (way->start < way->end) {
        int sent = SSL_write(relay->ssl, way->data + way->start, (int)(way->end - way->start));
        enum step step = tls_step(relay, sent);
        if (step == STEP_MOVED)
            way->start += (size_t)sent;
        return step;
    }
    if (!way->is_ended || way->is_told)
        return STEP_WAITS;
    way->is_told = true;
    return SSL_shutdown(relay->ssl) < 0 ? STEP_BROKEN : STEP_MOVED;
}

/* ---- the plain side ---- */

static enum step plain_step(ssize_t got)
{
    if (got > 0)
        return STEP_MOVED;
    if (got == 0)
        return STEP_ENDED;
    return errno == EAGAIN || errno == EINTR ? STEP_WAITS : STEP_BROKEN;
}

static enum step plain_read(struct relay *relay)
{
    struct relay_way *way = &relay->out;
    if (way->is_ended || way->end == RELAY_BUFFER_BYTES)
        return STEP_WAITS;
    ssize_t got = recv(relay->plain, way->data + way->end, RELAY_BUFFER_BYTES - way->end, 0);
    enum step step = plain_step(got);
    if (step == STEP_MOVED)
        way->end += (size_t)got;
    way->is_ended = step == STEP_ENDED;
    return step == STEP_ENDED ? STEP_MOVED : step;
}

static enum step plain_write(struct relay *relay)
{
    struct relay_way *way = &relay->in;
    if (way->start < way->end) {
        ssize_t sent =
            send(relay->plain, way->data + way->start, way->end - way->start, MSG_NOSIGNAL);
        enum step step = plain_step(sent);
        if (step == STEP_MOVED)
            way->start += (size_t)sent;
        return step;
    }
    if (!way->is_ended || way->is_told)
        return STEP_WAITS;
    way->is_told = true;
    return shutdown(relay->plain, SHUT_WR) ? STEP_BROKEN : STEP_MOVED;
}

/* ---- both ---- */

static void make_room(struct relay_way *way)
{
    if (way->start == way->end)
        way->start = way->end = 0;
}

static enum step shake_hands(struct relay *relay)
{
    ERR_clear_error();
    relay->tls_wants = 0;
    enum step step = tls_step(relay, SSL_accept(relay->ssl));
    relay->is_shaken = step == STEP_MOVED;
    return step;
}

/* Every way once; STEP_WAITS: nothing can be moved now. */
static enum step move_once(struct relay *relay)
{
    static enum step (*const steps[])(struct relay * relay) = {
        tls_read, plain_write, plain_read, tls_write};
    enum step all = STEP_WAITS;
    relay->tls_wants = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum step step = steps[i](relay);
        if (step == STEP_BROKEN || step == STEP_ENDED)
            return STEP_BROKEN;
        if (step == STEP_MOVED)
            all = STEP_MOVED;
        make_room(&relay->in);
        make_room(&relay->out);
    }
    return all;
}

bool relay_move(struct relay *relay)
{
    enum step step = relay->is_shaken ? STEP_MOVED : shake_hands(relay);
    while (step == STEP_MOVED)
        step = move_once(relay);
    return step == STEP_WAITS && !(relay->in.is_told && relay->out.is_told);
}

static struct pollfd wait_for(int fd, short events)
{
    return (struct pollfd){events ? fd : -1, events, 0}; /* a side nobody waits for may hang up */
}

void relay_wants(const struct relay *relay, struct pollfd fds[2])
{
    short events = 0;
    if (relay->is_shaken && !relay->out.is_ended && relay->out.end < RELAY_BUFFER_BYTES)
        events |= POLLIN;
    if (relay->is_shaken && relay->in.start < relay->in.end)
        events |= POLLOUT;
    fds[0] = wait_for(SSL_get_fd(relay->ssl), relay->tls_wants);
    fds[1] = wait_for(relay->plain, events);
}

/* ---- life ---- */

static int connect_plain(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

struct relay *relay_open(SSL_CTX *context, int fd, int to_port)
{
    int on = 1;
    struct relay *relay = calloc(1, sizeof *relay);
    SSL *ssl = SSL_new(context);
    int plain = relay && ssl ? connect_plain(to_port) : -1;
    if (plain < 0 || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        free(relay);
        close(fd);
        if (plain >= 0)
            close(plain);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    relay->ssl = ssl;
    relay->plain = plain;
    relay->tls_wants = POLLIN;
    return relay;
}

void relay_close(struct relay *relay)
{
    int fd = SSL_get_fd(relay->ssl);
    SSL_free(relay->ssl);
    close(fd);
    close(relay->plain);
    free(relay);
}
