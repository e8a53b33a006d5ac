#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/ws_internal.h"
#include "observe/metrics.h"

/* What the handshake still needs; gone once the socket is open.

       resolve ─► address ─► connect, TLS, upgrade ─► open
                     ▲            │ not reached, others left
                     └── retry ◄──┘ */
struct ws_client {
    struct net_resolve *resolve;
    struct net_timer *retry; /* this address had its time, or has failed */
    struct url url;
    char *path;                 /* from '/' on, without a fragment */
    char *headers;              /* "name: value\r\n" lines */
    char host[HOST_SIZE];       /* that is looked up: the URL's or `via`'s */
    char address[ADDRESS_SIZE]; /* of it, tried now */
    unsigned addresses_left;    /* to try, with this one */
    int port;                   /* connected to */
    uint64_t deadline_ms;
    bool is_clear;              /* no TLS */
    bool is_reached;            /* somebody answers at this address */
    char tls_why[TLS_WHY_SIZE]; /* "": the certificate is good, or was not seen */
};

void ws_client_free(struct ws_client *client)
{
    if (!client)
        return;
    net_resolve_cancel(client->resolve);
    net_timer_destroy(client->retry);
    free(client->path);
    free(client->headers);
    free(client);
}

int ws_client_add_headers(struct ws *ws, unsigned char **at, unsigned char *end)
{
    const char *headers = ws->client && ws->client->headers ? ws->client->headers : "";
    if (ws->client)
        ws->client->is_reached = true;
    size_t len = strlen(headers);
    if ((size_t)(end - *at) <= len)
        return -1;
    memcpy(*at, headers, len);
    *at += len;
    return 0;
}

int ws_client_verify(struct ws *ws, X509_STORE_CTX *check, bool is_good)
{
    struct ws_client *client = ws->client;
    if (!client)
        return is_good ? 0 : -1;
    client->is_reached = true;
    if (is_good)
        return 0;
    bool is_name = X509_STORE_CTX_get_error(check) == X509_V_ERR_HOSTNAME_MISMATCH;
    if (is_name && tls_is_for_address(check, client->url.host))
        X509_STORE_CTX_set_error(check, X509_V_OK); /* libwebsockets looks among the names only */
    else
        tls_explain(check, client->url.host, client->tls_why, sizeof client->tls_why);
    return 0;
}

/* Not from inside libwebsockets' callback, which still holds the connection that failed. */
static bool tries_other_address(struct ws *ws)
{
    struct ws_client *client = ws->client;
    if (ws->state != WS_CONNECTING || client->is_reached || client->addresses_left < 2)
        return false;
    if (ws->wsi)
        lws_set_opaque_user_data(ws->wsi, NULL);
    ws->wsi = NULL;
    net_timer_set(client->retry, clock_ms());
    return true;
}

void ws_client_failed(struct ws *ws, struct slice detail, int http_status)
{
    char why[sizeof ws->end_why];
    if (ws->state == WS_FLUSHING) {
        ws_finish(ws, ERR_OK, 0, ws->end_why);
    } else if (http_status && http_status != 101) {
        snprintf(why, sizeof why, "upgrade refused with HTTP %d", http_status);
        ws_finish(ws, ERR_REFUSED, http_status, why);
    } else if (ws->client->tls_why[0]) {
        metric_add(METRIC_TLS_REFUSED, 1);
        snprintf(why, sizeof why, "%s", ws->client->tls_why);
        ws_finish(ws, ERR_UNREACHABLE, 0, why);
    } else if (!tries_other_address(ws)) {
        snprintf(why, sizeof why, "cannot connect to %.100s: %.*s", ws->client->url.host,
            (int)(detail.len < 70 ? detail.len : 70), detail.data);
        ws_finish(ws, ERR_UNREACHABLE, 0, why);
    }
}

/* Each address that is left has an equal share of the time that is left. */
static void arm_retry(struct ws_client *client)
{
    uint64_t now = clock_ms();
    uint64_t left = client->deadline_ms > now ? client->deadline_ms - now : 0;
    client->is_reached = false;
    if (client->addresses_left > 1)
        net_timer_set(client->retry, now + left / client->addresses_left);
    else
        net_timer_clear(client->retry);
}

static void connect_to_address(struct ws *ws)
{
    struct ws_client *client = ws->client;
    struct lws_client_connect_info info = {
        .context = ws->loop->lws,
        .vhost = ws->loop->vhost,
        .address = client->address,
        .port = client->port,
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (client->is_clear ? 0 : LCCSCF_USE_SSL),
        .path = client->path,
        .host = client->url.authority,
        .alpn = "http/1.1",
        .local_protocol_name = "client",
        .pwsi = &ws->wsi,
        .opaque_user_data = ws,
    };
    arm_retry(client);
    ws_enter(ws);
    struct lws *wsi = lws_client_connect_via_info(&info);
    bool is_alive = ws_leave(ws);
    if (!is_alive)
        return;
    ws->wsi = wsi;
    if (!wsi)
        ws_client_failed(ws, SLICE("connect failed"), 0);
}

static void retry(void *owner)
{
    struct ws *ws = owner;
    struct ws_client *client = ws->client;
    if (ws->state != WS_CONNECTING || client->is_reached)
        return;
    ws_let_go(ws);
    client->addresses_left--;
    if (net_address_after(ws->loop, client->host, client->address, client->address))
        connect_to_address(ws);
    else
        ws_finish(ws, ERR_UNREACHABLE, 0, "no address answers");
}

static void resolved(void *owner, enum err err, const char *address)
{
    struct ws *ws = owner;
    struct ws_client *client = ws->client;
    char why[sizeof ws->end_why];
    client->resolve = NULL;
    if (err) {
        snprintf(why, sizeof why, "%.200s: %s", client->host,
            err == ERR_TIMEOUT ? "name not resolved in time" : "name not found");
        ws_finish(ws, err, 0, why);
        return;
    }
    slice_copy(slice_from(address), client->address, sizeof client->address);
    client->addresses_left = net_address_count(ws->loop, client->host);
    connect_to_address(ws);
}

static bool is_header_clean(const struct ws_header *header)
{
    return !strpbrk(header->name, ": \t\r\n") && !strpbrk(header->value, "\r\n") && header->name[0];
}

static enum err copy_headers(struct ws_client *client, const struct ws_options *options)
{
    struct strbuf text;
    strbuf_init(&text, 8192);
    for (size_t i = 0; i < options->header_count; i++) {
        const struct ws_header *header = &options->headers[i];
        if (!is_header_clean(header)) {
            strbuf_free(&text);
            return ERR_BAD;
        }
        strbuf_printf(&text, "%s: %s\r\n", header->name, header->value);
    }
    bool is_whole = !text.failed;
    client->headers = strbuf_take(&text);
    return is_whole ? ERR_OK : ERR_FULL;
}

static enum err copy_path(struct ws_client *client)
{
    size_t len = strcspn(client->url.path, "#");
    bool has_slash = client->url.path[0] == '/';
    client->path = malloc(len + 2);
    if (!client->path)
        return ERR_NOMEM;
    snprintf(client->path, len + 2, "%s%.*s", has_slash ? "" : "/", (int)len, client->url.path);
    client->url.path = NULL;
    return ERR_OK;
}

static enum err prepare(struct ws_client *client, const struct ws_options *options)
{
    enum err err = url_parse(&client->url, options->url, "ws");
    if (err)
        return err;
    client->is_clear = !client->url.is_secure || (options->via && !options->is_via_tls);
    client->port = client->url.port;
    snprintf(client->host, sizeof client->host, "%s", client->url.host);
    if (options->via && (err = address_split(options->via, client->host, &client->port)))
        return err;
    if ((err = copy_path(client)))
        return err;
    return copy_headers(client, options);
}

static enum err start(struct ws *ws, const struct ws_options *options)
{
    struct ws_client *client = ws->client = calloc(1, sizeof *ws->client);
    if (!client)
        return ERR_NOMEM;
    client->deadline_ms = clock_ms() + options->connect_timeout_ms;
    enum err err = prepare(client, options);
    if (!err)
        err = net_timer_create(&client->retry, ws->loop, retry, ws);
    if (err)
        return err;
    net_object_own(client->retry);
    err = net_resolve_start(
        &client->resolve, ws->loop, client->host, client->deadline_ms + 1, resolved, ws);
    if (err)
        return err;
    net_object_own(client->resolve);
    net_timer_set(ws->deadline, client->deadline_ms);
    return ERR_OK;
}

enum err ws_connect(struct ws **out, struct net_loop *loop, const struct ws_options *options,
    const struct ws_listener *listener, void *owner)
{
    struct ws *ws =
        ws_make(loop, &ws_lws_transport, options->max_message_bytes, options->max_queue_bytes);
    if (!ws)
        return ERR_NOMEM;
    ws->listener = listener;
    ws->owner = owner;
    enum err err = start(ws, options);
    if (err) {
        ws_drop(ws);
        return err;
    }
    *out = ws;
    return ERR_OK;
}
