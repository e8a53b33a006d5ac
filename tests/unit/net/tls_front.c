#include "unit/net/tls_front.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/net/net_story.h"

struct tls_front {
    pthread_t thread;
    SSL_CTX *context;
    int fd, port, to_port;
    int stop[2]; /* closing the writing end stops the thread */
    char ca_file[64];
};

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
    char alternative[128];
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    snprintf(alternative, sizeof alternative, "DNS:%s", name);
    add_extension(cert, NID_subject_alt_name, alternative);
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static SSL_CTX *make_context(struct tls_front *front, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key, name);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(context, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    strcpy(front->ca_file, "/tmp/tls_front_XXXXXX");
    FILE *file = fdopen(mkstemp(front->ca_file), "w");
    assert_non_null(file);
    PEM_write_X509(file, cert);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
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

struct tls_front *tls_front_start(const char *name, int to_port)
{
    struct tls_front *front = calloc(1, sizeof *front);
    front->context = make_context(front, name);
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
