/* Sessions of libwebsockets' client connections, so that the next one to the same place is resumed: no certificate to send, and
   none to check. (libcurl has a store of its own, http_multi.c.) A session is offered only to the name and the address that it
   was made with, whose certificate was good then.

       OpenSSL: new session ─► keep        handshake begins ─► offer */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

#define SESSIONS_KEPT 32 /* places; past it the one that was renewed longest ago is forgotten */
#define PLACE_SIZE (HOST_SIZE + ADDRESS_SIZE + 8)

struct kept {
    char place[PLACE_SIZE];
    SSL_SESSION *session; /* NULL: empty */
    uint64_t age;         /* of the store when it was kept */
};

struct tls_sessions {
    struct kept kept[SESSIONS_KEPT];
    uint64_t age;
};

static int in_context; /* where a context has its store */

static void free_store(
    void *context, void *store, CRYPTO_EX_DATA *data, int index, long number, void *argument)
{
    struct tls_sessions *sessions = store;
    for (size_t i = 0; sessions && i < SESSIONS_KEPT; i++)
        SSL_SESSION_free(sessions->kept[i].session);
    free(sessions);
}

static void reserve_index(void)
{
    in_context = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_store);
}

static struct tls_sessions *store_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), in_context);
}

static int port_of(const struct sockaddr_storage *peer)
{
    return ntohs(peer->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)peer)->sin6_port
                                             : ((const struct sockaddr_in *)peer)->sin_port);
}

/* "name address port"; false: it is not connected. */
static bool find_place(const SSL *ssl, char out[PLACE_SIZE])
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    char address[ADDRESS_SIZE];
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (getpeername(SSL_get_fd(ssl), (struct sockaddr *)&peer, &len))
        return false;
    address_text((const struct sockaddr *)&peer, address);
    int written = snprintf(out, PLACE_SIZE, "%s %s %d", name ? name : "", address, port_of(&peer));
    return written < PLACE_SIZE;
}

/* Where the place's session is; else the one to be forgotten for it. */
static struct kept *find(struct tls_sessions *sessions, const char *place)
{
    struct kept *oldest = &sessions->kept[0];
    for (size_t i = 0; i < SESSIONS_KEPT; i++) {
        struct kept *kept = &sessions->kept[i];
        if (kept->session && strcmp(kept->place, place) == 0)
            return kept;
        if (kept->age < oldest->age)
            oldest = kept;
    }
    return oldest;
}

/* A copy is kept: OpenSSL spoils the session of a connection that is dropped without a goodbye. (0: its own stays its own.) */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    struct tls_sessions *sessions = store_of(ssl);
    char place[PLACE_SIZE];
    if (!find_place(ssl, place))
        return 0;
    struct kept *kept = find(sessions, place);
    SSL_SESSION_free(kept->session);
    *kept = (struct kept){.session = SSL_SESSION_dup(session), .age = ++sessions->age};
    memcpy(kept->place, place, sizeof place);
    return 0;
}

/* There is no other moment between a connection that libwebsockets has made and what it says first. */
static void offer(const SSL *ssl, int where, int value)
{
    char place[PLACE_SIZE];
    if (!(where & SSL_CB_HANDSHAKE_START) || SSL_get_session(ssl) || !find_place(ssl, place))
        return;
    struct kept *kept = find(store_of(ssl), place);
    if (kept->session && strcmp(kept->place, place) == 0)
        SSL_set_session((SSL *)ssl, kept->session);
}

enum err tls_sessions_keep(SSL_CTX *trust)
{
    static uv_once_t once = UV_ONCE_INIT;
    uv_once(&once, reserve_index);
    struct tls_sessions *sessions = calloc(1, sizeof *sessions);
    if (!sessions || !SSL_CTX_set_ex_data(trust, in_context, sessions)) {
        free(sessions);
        return ERR_NOMEM;
    }
    SSL_CTX_set_session_cache_mode(trust, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(trust, keep);
    SSL_CTX_set_info_callback(trust, offer);
    return ERR_OK;
}
