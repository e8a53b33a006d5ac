#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/ws_internal.h"

/* What the handshake still needs; gone once the socket is open. */
struct ws_client {
    struct net_resolve *resolve;
    struct url url;
    char *path;     /* from '/' on, without a fragment */
    char *headers;  /* "name: value\r\n" lines */
    int port;       /* connected to */
    bool is_direct; /* not by `via` */
};

void ws_client_free(struct ws_client *client)
{
    if (!client)
        return;
    net_resolve_cancel(client->resolve);
    free(client->path);
    free(client->headers);
    free(client);
}

int ws_client_add_headers(struct ws *ws, unsigned char **at, unsigned char *end)
{
    const char *headers = ws->client && ws->client->headers ? ws->client->headers : "";
    size_t len = strlen(headers);
    if ((size_t)(end - *at) <= len)
        return -1;
    memcpy(*at, headers, len);
    *at += len;
    return 0;
}

void ws_client_failed(struct ws *ws, struct slice detail, int http_status)
{
    char why[sizeof ws->end_why];
    if (ws->state == WS_FLUSHING) {
        ws_finish(ws, ERR_OK, 0, ws->end_why);
    } else if (http_status && http_status != 101) {
        snprintf(why, sizeof why, "upgrade refused with HTTP %d", http_status);
        ws_finish(ws, ERR_REFUSED, http_status, why);
    } else {
        snprintf(why, sizeof why, "cannot connect: %.*s", (int)(detail.len < 70 ? detail.len : 70),
            detail.data);
        ws_finish(ws, ERR_UNREACHABLE, 0, why);
    }
}

static void connect_to(struct ws *ws, const char *address)
{
    struct ws_client *client = ws->client;
    bool is_secure = client->is_direct && client->url.is_secure;
    struct lws_client_connect_info info = {
        .context = ws->loop->lws,
        .vhost = ws->loop->vhost,
        .address = address,
        .port = client->port,
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (is_secure ? LCCSCF_USE_SSL : 0),
        .path = client->path,
        .host = client->url.authority,
        .alpn = "http/1.1",
        .local_protocol_name = "client",
        .pwsi = &ws->wsi,
        .opaque_user_data = ws,
    };
    ws_enter(ws);
    struct lws *wsi = lws_client_connect_via_info(&info);
    bool is_alive = ws_leave(ws);
    if (!is_alive)
        return;
    ws->wsi = wsi;
    if (!wsi)
        ws_client_failed(ws, SLICE("connect failed"), 0);
}

static void resolved(void *owner, enum err err, const char *address)
{
    struct ws *ws = owner;
    ws->client->resolve = NULL;
    if (err)
        ws_finish(ws, err, 0, err == ERR_TIMEOUT ? "name not resolved in time" : "name not found");
    else
        connect_to(ws, address);
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

static enum err prepare(
    struct ws_client *client, const struct ws_options *options, char host[HOST_SIZE])
{
    enum err err = url_parse(&client->url, options->url, "ws");
    if (err)
        return err;
    client->is_direct = !options->via;
    client->port = client->url.port;
    snprintf(host, HOST_SIZE, "%s", client->url.host);
    if (options->via && (err = address_split(options->via, host, &client->port)))
        return err;
    if ((err = copy_path(client)))
        return err;
    return copy_headers(client, options);
}

enum err ws_connect(struct ws **out, struct net_loop *loop, const struct ws_options *options,
    const struct ws_listener *listener, void *owner)
{
    struct ws *ws = ws_make(loop, options->max_message_bytes, options->max_queue_bytes);
    if (!ws)
        return ERR_NOMEM;
    ws->listener = listener;
    ws->owner = owner;
    enum err err = ERR_NOMEM;
    char host[HOST_SIZE];
    ws->client = calloc(1, sizeof *ws->client);
    uint64_t deadline_ms = clock_ms() + options->connect_timeout_ms;
    if (!ws->client || (err = prepare(ws->client, options, host)) ||
        (err = net_resolve_start(&ws->client->resolve, loop, host, deadline_ms, resolved, ws))) {
        ws_drop(ws);
        return err;
    }
    net_object_own(ws->client->resolve);
    net_timer_set(ws->deadline, deadline_ms);
    *out = ws;
    return ERR_OK;
}
