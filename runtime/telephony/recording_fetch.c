#include "telephony/recording_fetch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "net/http.h"

#define REDIRECTS_MAX 3
#define URL_MAX_BYTES 4096 /* storage signs its URLs at length */

struct recording_fetch {
    struct net_loop *loop;
    struct http_call *http;
    recording_fetch_fn *fn;
    void *owner;
    int fd;
    int status;
    unsigned redirects;
    uint64_t bytes;
    enum err failure; /* of writing the file */
    char *origin;     /* the carrier's: the only one that gets our token */
    char *user_password;
    struct strbuf url;
    struct strbuf location;
};

bool recording_is_sid(struct slice text)
{
    bool is_good = text.len > 2 && text.len < RECORDING_SID_SIZE && slice_starts(text, "RE");
    for (size_t i = 0; is_good && i < text.len; i++)
        is_good = isalnum((unsigned char)text.data[i]) != 0;
    return is_good;
}

static void destroy(struct recording_fetch *fetch)
{
    if (fetch->user_password)
        explicit_bzero(fetch->user_password, strlen(fetch->user_password));
    free(fetch->user_password);
    free(fetch->origin);
    strbuf_free(&fetch->url);
    strbuf_free(&fetch->location);
    free(fetch);
}

static void finish(struct recording_fetch *fetch, enum err err, const char *why)
{
    recording_fetch_fn *fn = fetch->fn;
    void *owner = fetch->owner;
    uint64_t bytes = fetch->bytes;
    destroy(fetch);
    fn(owner, err, bytes, why);
}

/* ---- the answer ---- */

static void on_location(void *owner, struct slice url)
{
    struct recording_fetch *fetch = owner;
    strbuf_clear(&fetch->location);
    strbuf_add_slice(&fetch->location, url);
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    ((struct recording_fetch *)owner)->status = status;
}

static void on_body(void *owner, struct slice data)
{
    struct recording_fetch *fetch = owner;
    while (fetch->status == 200 && !fetch->failure && data.len) {
        ssize_t written = write(fetch->fd, data.data, data.len);
        if (written < 0 && errno != EINTR)
            fetch->failure = ERR_SYSTEM;
        if (written <= 0)
            continue;
        data.data += written;
        data.len -= (size_t)written;
        fetch->bytes += (uint64_t)written;
    }
}

static enum err ask(struct recording_fetch *fetch);

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* "/path" is the same origin's. */
static enum err follow(struct recording_fetch *fetch)
{
    struct slice to = strbuf_slice(&fetch->location);
    if (fetch->redirects++ >= REDIRECTS_MAX || !to.len || fetch->location.failed)
        return ERR_BAD;
    strbuf_clear(&fetch->url);
    if (to.data[0] == '/')
        strbuf_add_text(&fetch->url, fetch->origin);
    strbuf_add_slice(&fetch->url, to);
    return ask(fetch);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct recording_fetch *fetch = owner;
    char text[64];
    fetch->http = NULL;
    snprintf(text, sizeof text, "HTTP %d", fetch->status);
    if (err)
        finish(fetch, err, why);
    else if (fetch->failure)
        finish(fetch, fetch->failure, "the file cannot be written: is the disk full?");
    else if (fetch->status == 200)
        finish(fetch, fetch->bytes ? ERR_OK : ERR_BAD, fetch->bytes ? "" : "it is empty");
    else if (!is_redirect(fetch->status))
        finish(fetch, fetch->status == 404 ? ERR_NOT_FOUND : ERR_REFUSED, text);
    else if (follow(fetch) != ERR_OK)
        finish(fetch, ERR_BAD, "redirected to nowhere that can be followed");
}

/* ---- the request ---- */

static bool is_of_origin(const struct recording_fetch *fetch)
{
    size_t len = strlen(fetch->origin);
    return slice_starts(strbuf_slice(&fetch->url), fetch->origin) && fetch->url.data[len] == '/';
}

static enum err ask(struct recording_fetch *fetch)
{
    static const struct http_listener listener = {
        .on_status = on_status, .on_body = on_body, .on_done = on_done, .on_location = on_location};
    if (fetch->url.failed)
        return ERR_BAD;
    bool is_ours = is_of_origin(fetch);
    struct http_options options = {
        .method = "GET",
        .url = fetch->url.data,
        .user_password = is_ours ? fetch->user_password : NULL,
        .connect_timeout_ms = 3000,
        .first_byte_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
        .total_timeout_ms = 120000,
        .max_body_bytes = RECORDING_MAX_BYTES,
        .allow_private = is_ours, /* the operator's own setting; a redirect may not go next door */
    };
    fetch->status = 0;
    strbuf_clear(&fetch->location);
    return http_start(&fetch->http, fetch->loop, &options, &listener, fetch);
}

enum err recording_fetch_start(struct recording_fetch **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *recording_sid, int fd, recording_fetch_fn *fn,
    void *owner)
{
    if (!settings->base_url || !settings->account_sid || !settings->auth_token ||
        !recording_is_sid(slice_from(recording_sid)))
        return ERR_BAD;
    struct recording_fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch)
        return ERR_NOMEM;
    struct slice base = slice_from(settings->base_url);
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    *fetch = (struct recording_fetch){.loop = loop, .fn = fn, .owner = owner, .fd = fd};
    fetch->origin = slice_dup(base);
    strbuf_init(&fetch->url, URL_MAX_BYTES);
    strbuf_init(&fetch->location, URL_MAX_BYTES);
    strbuf_printf(&fetch->url, "%.*s/2010-04-01/Accounts/%s/Recordings/%s.wav", (int)base.len,
        base.data, settings->account_sid, recording_sid);
    if (asprintf(&fetch->user_password, "%s:%s", settings->account_sid, settings->auth_token) < 0)
        fetch->user_password = NULL;
    enum err err = fetch->origin && fetch->user_password ? ask(fetch) : ERR_NOMEM;
    if (err)
        destroy(fetch);
    else
        *out = fetch;
    return err;
}

void recording_fetch_cancel(struct recording_fetch *fetch)
{
    if (fetch->http)
        http_cancel(fetch->http);
    destroy(fetch);
}
