#include "tls_front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_relay.h"

#define MOST_RELAYS 4096u
#define DAY_S 86400L

struct tls_front {
    pthread_t thread;
    SSL_CTX *context;
    int fd, port, to_port;
    int stop[2]; /* closing the writing end stops the thread */
    struct relay *relays;
    unsigned count;
    struct pollfd *fds;
};

/* ---- the thread ---- */

static void accept_all(struct tls_front *front)
{
    int fd;
    while (front->count < MOST_RELAYS &&
           (fd = accept4(front->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct relay *relay = relay_open(front->context, fd, front->to_port);
        if (!relay)
            continue;
        relay->next = front->relays;
        front->relays = relay;
        front->count++;
    }
}

static void collect(struct tls_front *front)
{
    bool has_room = front->count < MOST_RELAYS;
    size_t at = 2;
    front->fds[0] = (struct pollfd){front->stop[0], POLLIN, 0};
    front->fds[1] = (struct pollfd){has_room ? front->fd : -1, POLLIN, 0};
    for (const struct relay *relay = front->relays; relay; relay = relay->next, at += 2)
        relay_wants(relay, &front->fds[at]);
}

/* The list is still that of collect: new ones join it afterwards. */
static void move_all(struct tls_front *front)
{
    struct relay **link = &front->relays;
    size_t at = 2;
    for (struct relay *relay; (relay = *link); at += 2) {
        bool is_ready = front->fds[at].revents || front->fds[at + 1].revents;
        if (!is_ready || relay_move(relay)) {
            link = &relay->next;
            continue;
        }
        *link = relay->next;
        relay_close(relay);
        front->count--;
    }
}

static void *serve(void *owner)
{
    struct tls_front *front = owner;
    for (;;) {
        collect(front);
        if (poll(front->fds, 2 + 2 * front->count, -1) < 0)
            continue;
        if (front->fds[0].revents)
            return NULL;
        move_all(front);
        if (front->fds[1].revents)
            accept_all(front);
    }
}

/* ---- whose certificate ---- */

static enum err complain(char why[256], enum err err, const char *what, const char *detail)
{
    snprintf(why, 256, "%s%s%s", what, detail ? ": " : "", detail ? detail : "");
    return err;
}

static enum err use_files(SSL_CTX *context, const struct tls_front_options *options, char why[256])
{
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1)
        return complain(why, ERR_BAD, "no certificate chain in PEM", options->certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) != 1)
        return complain(why, ERR_BAD, "no private key for it in PEM", options->key_file);
    return ERR_OK;
}

static enum err use_made(SSL_CTX *context, const struct tls_front_options *options, char why[256])
{
    static const struct certificate_options authority_options = {
        .subject = "Moonline sandbox authority",
        .from_s = -3600,
        .until_s = 30 * DAY_S,
        .is_authority = true};
    struct certificate_options leaf_options = {.subject = "Moonline sandbox",
        .names = options->names,
        .from_s = -3600,
        .until_s = 30 * DAY_S};
    struct certificate authority, leaf;
    if (certificate_make(&authority, &authority_options, NULL))
        return complain(why, ERR_NOMEM, "cannot make a certificate authority", NULL);
    enum err err = certificate_make(&leaf, &leaf_options, &authority);
    if (err) {
        complain(why, err, "cannot make a certificate for the names", options->names);
    } else {
        bool is_used = SSL_CTX_use_certificate(context, leaf.x509) == 1 &&
                       SSL_CTX_use_PrivateKey(context, leaf.key) == 1;
        err = is_used ? ERR_OK : complain(why, ERR_SYSTEM, "cannot use the certificate", NULL);
        certificate_free(&leaf);
    }
    if (!err && options->ca_out && certificate_write(&authority, options->ca_out))
        err = complain(why, ERR_SYSTEM, options->ca_out, strerror(errno));
    certificate_free(&authority);
    return err;
}

static enum err make_context(
    struct tls_front *front, const struct tls_front_options *options, char why[256])
{
    front->context = SSL_CTX_new(TLS_server_method());
    if (!front->context)
        return complain(why, ERR_NOMEM, "out of memory", NULL);
    SSL_CTX_set_min_proto_version(front->context, TLS1_2_VERSION);
    SSL_CTX_set_options(front->context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(front->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
    return options->certificate_file ? use_files(front->context, options, why)
                                     : use_made(front->context, options, why);
}

/* ---- life ---- */

/* "127.0.0.1:9100". */
static enum err read_address(struct sockaddr_in *out, const char *text, char why[256])
{
    char host[64];
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    snprintf(host, sizeof host, "%.*s", colon ? (int)(colon - text) : 0, text);
    bool is_good = colon && colon[1] && !*end && port <= 65535 &&
                   inet_pton(AF_INET, host, &out->sin_addr) == 1;
    return is_good ? ERR_OK
                   : complain(why, ERR_BAD, "TLS listens on an IPv4 address and port, not", text);
}

static enum err open_listener(struct tls_front *front, const char *listen_text, char why[256])
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int on = 1;
    enum err err = read_address(&address, listen_text, why);
    if (err)
        return err;
    front->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (front->fd < 0)
        return complain(why, ERR_SYSTEM, "no socket", strerror(errno));
    setsockopt(front->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(front->fd, (struct sockaddr *)&address, len) || listen(front->fd, 512) ||
        getsockname(front->fd, (struct sockaddr *)&address, &len))
        return complain(why, ERR_SYSTEM, listen_text, strerror(errno));
    front->port = ntohs(address.sin_port);
    return ERR_OK;
}

static enum err start_thread(struct tls_front *front, char why[256])
{
    front->fds = calloc(2 + 2 * MOST_RELAYS, sizeof *front->fds);
    if (!front->fds)
        return complain(why, ERR_NOMEM, "out of memory", NULL);
    if (pipe2(front->stop, O_CLOEXEC)) {
        front->stop[0] = front->stop[1] = -1;
        return complain(why, ERR_SYSTEM, "no pipe", strerror(errno));
    }
    if (pthread_create(&front->thread, NULL, serve, front))
        return complain(why, ERR_SYSTEM, "no thread for TLS", NULL);
    return ERR_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void free_front(struct tls_front *front)
{
    while (front->relays) {
        struct relay *relay = front->relays;
        front->relays = relay->next;
        relay_close(relay);
    }
    close_fd(front->stop[0]);
    close_fd(front->stop[1]);
    close_fd(front->fd);
    SSL_CTX_free(front->context);
    free(front->fds);
    free(front);
}

enum err tls_front_start(
    struct tls_front **out, const struct tls_front_options *options, char why[256])
{
    struct tls_front *front = calloc(1, sizeof *front);
    if (!front)
        return complain(why, ERR_NOMEM, "out of memory", NULL);
    front->fd = front->stop[0] = front->stop[1] = -1;
    front->to_port = options->to_port;
    enum err err = make_context(front, options, why);
    if (!err)
        err = open_listener(front, options->listen, why);
    if (!err)
        err = start_thread(front, why);
    if (err)
        free_front(front);
    else
        *out = front;
    return err;
}

int tls_front_port(const struct tls_front *front)
{
    return front->port;
}

long tls_front_resumed(const struct tls_front *front)
{
    return SSL_CTX_sess_hits(front->context);
}

void tls_front_stop(struct tls_front *front)
{
    if (!front)
        return;
    close(front->stop[1]);
    front->stop[1] = -1;
    pthread_join(front->thread, NULL);
    free_front(front);
}
