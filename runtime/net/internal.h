/* What the files of net share and nobody else sees: the loop's insides, the list of what is open on it,
   and the seam to libwebsockets. */
#pragma once

#include <curl/curl.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"
#include "net/ws.h"

/* First member of everything made on a loop, so that net_loop_destroy finds what was left open. */
struct net_object {
    struct net_object *next;
    struct net_object **link;                 /* what points here; NULL when not listed */
    const char *kind;                         /* for the log */
    void (*close)(struct net_object *object); /* closes without calling the owner */
};

#define ADDRESS_SIZE 64 /* a numeric address with its scope, terminated */
#define HOST_SIZE 256   /* a host name, terminated */

struct net_loop {
    struct net_loop *next_left; /* of those that could not be closed */
    uv_loop_t uv;
    char name[32];
    char *ca_file;
    struct net_object *objects;
    unsigned gather_us; /* between two wake-ups at least; 0: none */
    uint64_t woken_us;
    bool is_hurried; /* the next wait begins at once */
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    struct wheel *wheel;
    bool in_timer; /* a timer callback runs: a deadline in the past must wait for the next turn */
    struct names *names; /* and their addresses */

    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct ssl_ctx_st *trust; /* whom TLS clients believe */
    unsigned char masks[512]; /* random bytes for clients' frames, drawn together */
    size_t masks_left;        /* of four bytes each */

    CURLM *curl;
    CURLSH *curl_share; /* TLS sessions, from one request to the next */
    bool in_curl; /* a listener runs inside curl, which then cannot drop a transfer */
    struct http_call *cancelled; /* meanwhile; freed when curl returns */
    uv_timer_t curl_timer;
};

void net_object_add(struct net_loop *loop, struct net_object *object, const char *kind,
    void (*close)(struct net_object *object));
void net_object_remove(struct net_object *object);
/* The timer or lookup belongs to another object, which closes it. */
void net_object_own(void *object);

/* timer.c: before the first timer, and after the last one is closed. */
must_use enum err wheel_start(struct net_loop *loop);
void wheel_stop(struct net_loop *loop);

/* libwebsockets on this loop (lws_glue.c). */
must_use enum err lws_glue_start(struct net_loop *loop);
void lws_glue_stop(struct net_loop *loop);
void lws_glue_kick(struct net_loop *loop); /* makes it look at its own timeouts */

/* tls.c: the system's certificate authorities and those of `ca_file` (may be NULL); NULL: the file cannot
   be read. Freed by tls_trust_free. */
struct ssl_ctx_st *tls_trust_create(const char *ca_file);
void tls_trust_free(struct ssl_ctx_st *trust);
/* tls_sessions.c: connections made with it resume earlier ones; what is kept goes with it. */
must_use enum err tls_sessions_keep(struct ssl_ctx_st *trust);
/* Why a certificate that `host` showed is refused, for people: names the host and what to do. */
#define TLS_WHY_SIZE 256
void tls_explain(struct x509_store_ctx_st *check, const char *host, char *out, size_t size);
/* `host` is a numeric address that stands in the certificate. */
bool tls_is_for_address(struct x509_store_ctx_st *check, const char *host);

/* libcurl on this loop (http_multi.c). */
must_use enum err http_multi_start(struct net_loop *loop);
void http_multi_stop(struct net_loop *loop);

/* names.c */
must_use enum err names_start(struct net_loop *loop);
void names_stop(struct net_loop *loop);
unsigned net_address_count(struct net_loop *loop, const char *host); /* 1 when only one is known */
/* The address to try when `failed` is not reached, which is the last to be tried from now on; false: there
   is no other. Who asks counts how often, for it goes round. */
bool net_address_after(
    struct net_loop *loop, const char *host, const char *failed, char out[ADDRESS_SIZE]);

/* address.c */
bool address_is_numeric(const char *text);
bool address_is_private(const char *address); /* anything but a public unicast address */
void address_text(const struct sockaddr *from, char out[ADDRESS_SIZE]);
/* "host:port" or "[v6]:port" in parts; port is required. */
must_use enum err address_split(const char *text, char host[HOST_SIZE], int *port);
must_use enum err address_parse(struct sockaddr_storage *out, const char *numeric, int port);

struct url {
    char host[HOST_SIZE];          /* without the brackets of a v6 literal */
    char authority[HOST_SIZE + 8]; /* as written: the Host header */
    int port;
    bool is_secure;   /* https or wss */
    const char *path; /* into the text, from '/' or '?' on; "" when there is none */
};
/* ERR_BAD unless the scheme is `plain` or `plain` with an s, with a host and no user part. */
must_use enum err url_parse(struct url *out, const char *text, const char *plain);
