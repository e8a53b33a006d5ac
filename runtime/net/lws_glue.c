/* The only conversation with libwebsockets' callbacks: one context with one vhost on the loop's own
   libuv loop. Connections that nobody owns any more (their opaque pointer is NULL) are closed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ws_internal.h"
#include "observe/log.h"

#define READ_BYTES 16384 /* read from a client connection at once, by all into one buffer */
#define PART_BYTES 4096  /* of a message, gathered by each connection before it is handed on */
#define WRITE_BYTES (1u << 20) /* a longer message is sent in parts */

static int received(struct ws *ws, struct lws *wsi, const char *data, size_t len)
{
    bool is_last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    ws->loop->is_hurried |= !is_last; /* only so much is read a turn, and the rest may be here */
    ws_received(ws, (struct slice){data, len}, is_last, lws_frame_is_binary(wsi));
    return 0;
}

static int client_open(struct ws *ws, struct lws *wsi)
{
    if (ws->state != WS_CONNECTING)
        return -1;
    ws->wsi = wsi;
    ws_opened(ws);
    if (ws->listener->on_open)
        ws->listener->on_open(ws->owner);
    return 0;
}

static int refused(struct ws *ws, struct lws *wsi, const char *text, size_t len)
{
    struct slice detail = {text ? text : "", text ? strnlen(text, len) : 0};
    ws->wsi = wsi;
    ws_client_failed(ws, detail, (int)lws_http_client_http_response(wsi));
    return -1;
}

/* What concerns a socket that is owned. After each call the socket may have ended. */
static int dispatch(struct ws *ws, struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        return ws_client_verify(ws, user, len == 1); /* `len` is OpenSSL's verdict */
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return client_open(ws, wsi);
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return ws_client_add_headers(ws, in, *(unsigned char **)in + len);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        return refused(ws, wsi, in, len);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return received(ws, wsi, in, len);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return ws_writable(ws);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        ws_peer_closes(ws, (struct slice){in, len});
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        ws_connection_gone(ws);
        return 0;
    default:
        return 0;
    }
}

/* Only these may end a connection by their answer; for the rest −1 has other meanings. */
static int without_owner(enum lws_callback_reasons reason)
{
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        return -1;
    default:
        return 0;
    }
}

static int on_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct ws *ws = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!ws)
        return without_owner(reason);
    ws_enter(ws);
    int answer = dispatch(ws, wsi, reason, user, in, len);
    return ws_leave(ws) ? answer : without_owner(reason);
}

static const struct lws_protocols protocols[] = {
    {.name = "client",
        .callback = on_event,
        .rx_buffer_size = PART_BYTES,
        .tx_packet_size = WRITE_BYTES},
    {0},
};

static void emit(int level, const char *line)
{
    if (!(level & LLL_ERR))
        return;
    size_t len = strcspn(line, "\n");
    log_debug("net.lws", "text=%.*s", (int)len, line);
}

/* Its library set-up writes to globals, and loops are made on threads of their own. */
static pthread_mutex_t creation = PTHREAD_MUTEX_INITIALIZER;

static enum err create_context(struct net_loop *loop)
{
    void *loops[1] = {&loop->uv};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .pt_serv_buf_size = READ_BYTES,
        .max_http_header_data2 = 8192,
        .max_http_header_pool2 = 256,
        .timeout_secs = 60,
        .provided_client_ssl_ctx = loop->trust,
        .vhost_name = "moonline",
        .user = loop,
    };
    lws_set_log_level(LLL_ERR, emit);
    loop->lws = lws_create_context(&info);
    loop->vhost = loop->lws ? lws_create_vhost(loop->lws, &info) : NULL;
    return loop->vhost ? ERR_OK : ERR_SYSTEM;
}

enum err lws_glue_start(struct net_loop *loop)
{
    loop->trust = tls_trust_create(loop->ca_file);
    if (!loop->trust)
        return ERR_SYSTEM;
    pthread_mutex_lock(&creation);
    enum err err = create_context(loop);
    pthread_mutex_unlock(&creation);
    if (err)
        lws_glue_stop(loop);
    return err;
}

static void destroy_context(struct net_loop *loop)
{
    pthread_mutex_lock(&creation);
    lws_context_destroy(loop->lws);
    pthread_mutex_unlock(&creation);
}

/* destroy, run the loop until its handles are closed, destroy again. */
void lws_glue_stop(struct net_loop *loop)
{
    if (loop->lws) {
        destroy_context(loop);
        while (uv_run(&loop->uv, UV_RUN_DEFAULT))
            ;
        destroy_context(loop);
    }
    loop->lws = NULL;
    tls_trust_free(loop->trust);
    loop->trust = NULL;
}

/* libwebsockets arms its libuv timer only after events of its own: what it was asked to time from
   outside would be noticed late. */
void lws_glue_kick(struct net_loop *loop)
{
    lws_cancel_service(loop->lws);
}
