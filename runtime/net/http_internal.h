/* Between the calls (http.c), their curl handles (http_easy.c) and the loop (http_multi.c). */
#pragma once

#include "net/http.h"
#include "net/internal.h"

enum http_state {
    HTTP_RESOLVING,
    HTTP_CONNECTING, /* until the request goes out */
    HTTP_ASKING,     /* until the first byte of the answer */
    HTTP_READING,
};

struct http_call {
    struct net_object object;
    struct net_loop *loop;
    const struct http_listener *listener;
    void *owner;
    struct log_call *log; /* that asks */
    enum http_state state;
    struct net_resolve *resolve;
    struct net_timer *timer;
    CURL *easy;
    bool is_added; /* curl's multi holds `easy` */
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    char error[CURL_ERROR_SIZE];
    char tls_why[TLS_WHY_SIZE]; /* "": the certificate is good, or was not seen */

    struct url url;
    int port;                   /* connected to */
    char host[HOST_SIZE];       /* that is looked up: the URL's or `via`'s */
    char address[ADDRESS_SIZE]; /* of it, tried now */
    unsigned addresses_left;    /* to try, with this one */
    bool is_via;
    bool is_clear; /* no TLS */
    bool allow_private;
    uint64_t ask_before_ms;
    unsigned connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms;
    uint64_t state_deadline_ms; /* of the running state; 0: none */
    uint64_t total_deadline_ms; /* 0: none */
    size_t max_body_bytes, body_bytes;

    bool is_cancelled; /* from inside curl: freed when it returns */
    struct http_call *next_cancelled;
    bool is_status_told;
    enum err failure; /* found out in a callback of curl */
    const char *failure_why;
    int status;
    unsigned retry_after_ms;
    char content_type[128];
};

/* http.c */
void http_transfer_done(struct http_call *call, CURLcode result);
void http_free_cancelled(struct net_loop *loop);
bool http_request_sent(struct http_call *call); /* the first-byte deadline starts */
void http_touch(struct http_call *call);        /* something arrived */
/* Tell the listener; false: the call was cancelled or has failed, curl is to stop. */
bool http_head_done(struct http_call *call);
bool http_body(struct http_call *call, struct slice data);

/* http_easy.c */
must_use enum err http_easy_prepare(struct http_call *call, const struct http_options *options);
/* To call->address, within this time. */
must_use enum err http_easy_connect_to(struct http_call *call, unsigned within_ms);
