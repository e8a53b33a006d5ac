#include "unit/net/tls_front.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "unit/net/net_story.h"

struct tls_front {
    pthread_t thread;
    SSL_CTX *context;
    int fd, port, to_port;
    int stop[2]; /* closing the writing end stops the thread */
    char ca_file[64];
};

static const struct certificate_options authority_options = {
    .subject = "Test authority", .from_s = -86400, .until_s = 86400, .is_authority = true};

static void make_certificate(
    struct tls_front *front, const struct tls_front_options *options, struct certificate *out)
{
    struct certificate authority;
    char names[128];
    snprintf(names, sizeof names, "%s:%s", isdigit(options->name[0]) ? "IP" : "DNS", options->name);
    struct certificate_options leaf = {
        .subject = options->name, .names = names, .from_s = -3600, .until_s = 3600};
    if (options->flaw == FLAW_EXPIRED)
        leaf.until_s = -60;
    if (options->flaw == FLAW_NOT_YET)
        leaf.from_s = 1800;
    assert_int_equal(certificate_make(&authority, &authority_options, NULL), ERR_OK);
    const struct certificate *issuer = options->flaw == FLAW_SELF_SIGNED ? NULL : &authority;
    assert_int_equal(certificate_make(out, &leaf, issuer), ERR_OK);
    strcpy(front->ca_file, "/tmp/tls_front_XXXXXX");
    close(mkstemp(front->ca_file));
    assert_int_equal(certificate_write(&authority, front->ca_file), ERR_OK);
    certificate_free(&authority);
}

static SSL_CTX *make_context(struct tls_front *front, const struct tls_front_options *options)
{
    struct certificate leaf;
    make_certificate(front, options, &leaf);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(context, leaf.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, leaf.key), 1);
    certificate_free(&leaf);
    return context;
}

static bool pass_plain(SSL *ssl, int plain)
{
    char data[16384];
    ssize_t got = read(plain, data, sizeof data);
    if (got < 0 && errno == EAGAIN)
        return true;
    return got > 0 && SSL_write(ssl, data, (int)got) == got;
}

static bool pass_secret(SSL *ssl, int plain)
{
    char data[16384];
    do {
        int got = SSL_read(ssl, data, sizeof data);
        if (got <= 0 || write(plain, data, (size_t)got) != got)
            return false;
    } while (SSL_pending(ssl));
    return true;
}

static void pass_on(struct tls_front *front, SSL *ssl)
{
    struct raw raw;
    raw_connect(&raw, front->to_port);
    struct pollfd fds[] = {
        {SSL_get_fd(ssl), POLLIN, 0}, {raw.fd, POLLIN, 0}, {front->stop[0], POLLIN, 0}};
    bool goes_on = true;
    while (goes_on && poll(fds, 3, -1) > 0 && !fds[2].revents) {
        if (fds[0].revents)
            goes_on = pass_secret(ssl, raw.fd);
        if (fds[1].revents && goes_on)
            goes_on = pass_plain(ssl, raw.fd);
    }
    raw_close(&raw);
}

static void *serve(void *owner)
{
    struct tls_front *front = owner;
    struct pollfd fds[] = {{front->fd, POLLIN, 0}, {front->stop[0], POLLIN, 0}};
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int fd = accept(front->fd, NULL, NULL);
        if (fd < 0)
            continue;
        SSL *ssl = SSL_new(front->context);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            pass_on(front, ssl);
        SSL_free(ssl);
        close(fd);
    }
    return NULL;
}

struct tls_front *tls_front_start(const struct tls_front_options *options, int to_port)
{
    struct tls_front *front = calloc(1, sizeof *front);
    front->context = make_context(front, options);
    front->to_port = to_port;
    front->fd = raw_listen(&front->port);
    assert_int_equal(pipe(front->stop), 0);
    assert_int_equal(pthread_create(&front->thread, NULL, serve, front), 0);
    return front;
}

int tls_front_port(const struct tls_front *front)
{
    return front->port;
}

const char *tls_front_ca_file(const struct tls_front *front)
{
    return front->ca_file;
}

void tls_front_stop(struct tls_front *front)
{
    close(front->stop[1]);
    pthread_join(front->thread, NULL);
    close(front->stop[0]);
    close(front->fd);
    SSL_CTX_free(front->context);
    unlink(front->ca_file);
    free(front);
}
