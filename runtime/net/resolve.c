#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

#define KEEP_MS 60000 /* how long an answer is used again; connections are kept much longer */

/* A lookup on libuv's pool cannot be stopped once it runs: a cancelled or late one is left to finish
   alone, and its memory goes when the pool is done with it. */
struct net_resolve {
    struct net_object object;
    struct net_loop *loop;
    void (*fn)(void *owner, enum err err, const char *address);
    void *owner;
    char host[HOST_SIZE];
    char address[ADDRESS_SIZE]; /* known already: numeric or kept */
    uv_getaddrinfo_t request;
    uv_timer_t timer;
    bool is_looking; /* the pool holds `request` */
    bool is_closing;
    bool timer_closed;
};

static void free_when_done(struct net_resolve *resolve)
{
    if (resolve->timer_closed && !resolve->is_looking)
        free(resolve);
}

static void timer_closed(uv_handle_t *handle)
{
    struct net_resolve *resolve = handle->data;
    resolve->timer_closed = true;
    free_when_done(resolve);
}

static void close_resolve(struct net_object *object)
{
    struct net_resolve *resolve = (struct net_resolve *)object;
    net_object_remove(object);
    resolve->is_closing = true;
    if (resolve->is_looking)
        uv_cancel((uv_req_t *)&resolve->request);
    uv_close((uv_handle_t *)&resolve->timer, timer_closed);
}

static void finish(struct net_resolve *resolve, enum err err, const char *address)
{
    close_resolve(&resolve->object);
    resolve->fn(resolve->owner, err, address);
}

static struct address_entry *find_entry(struct net_loop *loop, const char *host)
{
    for (size_t i = 0; i < ADDRESS_CACHE_ENTRIES; i++) {
        if (loop->addresses[i].expires_ms && !strcasecmp(loop->addresses[i].host, host))
            return &loop->addresses[i];
    }
    return NULL;
}

static void keep_address(struct net_loop *loop, const char *host, const char *address)
{
    struct address_entry *entry = find_entry(loop, host);
    if (!entry) {
        entry = &loop->addresses[0];
        for (size_t i = 1; i < ADDRESS_CACHE_ENTRIES; i++) {
            if (loop->addresses[i].expires_ms < entry->expires_ms)
                entry = &loop->addresses[i];
        }
    }
    snprintf(entry->host, sizeof entry->host, "%s", host);
    snprintf(entry->address, sizeof entry->address, "%s", address);
    entry->expires_ms = uv_now(&loop->uv) + KEEP_MS;
}

/* The address used before while it is still among the answers (kept connections stay useful), else the
   first IPv4, else the first. */
static bool choose(
    struct net_resolve *resolve, const struct addrinfo *answers, char out[ADDRESS_SIZE])
{
    struct address_entry *before = find_entry(resolve->loop, resolve->host);
    bool has_v4 = false;
    out[0] = '\0';
    for (const struct addrinfo *a = answers; a; a = a->ai_next) {
        char text[ADDRESS_SIZE];
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
            continue;
        address_text(a->ai_addr, text);
        bool is_same = before && !strcmp(before->address, text);
        bool is_first_v4 = a->ai_family == AF_INET && !has_v4;
        if (is_same || is_first_v4 || !out[0])
            snprintf(out, ADDRESS_SIZE, "%s", text);
        if (is_same)
            return true;
        has_v4 |= a->ai_family == AF_INET;
    }
    return out[0] != '\0';
}

static void looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *answers)
{
    struct net_resolve *resolve = request->data;
    resolve->is_looking = false;
    char address[ADDRESS_SIZE];
    bool is_known = !resolve->is_closing && status == 0 && choose(resolve, answers, address);
    uv_freeaddrinfo(answers);
    if (resolve->is_closing) {
        free_when_done(resolve);
    } else if (is_known) {
        keep_address(resolve->loop, resolve->host, address);
        finish(resolve, ERR_OK, address);
    } else {
        finish(resolve, ERR_UNREACHABLE, NULL);
    }
}

static void timer_fired(uv_timer_t *timer)
{
    struct net_resolve *resolve = timer->data;
    if (resolve->address[0])
        finish(resolve, ERR_OK, resolve->address);
    else
        finish(resolve, ERR_TIMEOUT, NULL);
}

static bool is_known(struct net_resolve *resolve)
{
    struct address_entry *entry = find_entry(resolve->loop, resolve->host);
    const char *known = NULL;
    if (address_is_numeric(resolve->host))
        known = resolve->host;
    else if (entry && entry->expires_ms > uv_now(&resolve->loop->uv))
        known = entry->address;
    if (known)
        snprintf(resolve->address, sizeof resolve->address, "%.*s", ADDRESS_SIZE - 1, known);
    return known != NULL;
}

static enum err look_up(struct net_resolve *resolve)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    resolve->request.data = resolve;
    resolve->is_looking = !uv_getaddrinfo(
        &resolve->loop->uv, &resolve->request, looked_up, resolve->host, NULL, &hints);
    return resolve->is_looking ? ERR_OK : ERR_UNREACHABLE;
}

enum err net_resolve_start(struct net_resolve **out, struct net_loop *loop, const char *host,
    uint64_t deadline_ms, void (*fn)(void *owner, enum err err, const char *address), void *owner)
{
    struct net_resolve *resolve = calloc(1, sizeof *resolve);
    if (!resolve)
        return ERR_NOMEM;
    resolve->loop = loop;
    resolve->fn = fn;
    resolve->owner = owner;
    if (!slice_copy(slice_from(host), resolve->host, sizeof resolve->host)) {
        free(resolve);
        return ERR_BAD;
    }
    uv_timer_init(&loop->uv, &resolve->timer);
    resolve->timer.data = resolve;
    net_object_add(loop, &resolve->object, "resolve", close_resolve);
    uint64_t now_ms = uv_now(&loop->uv);
    uint64_t wait_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    if (is_known(resolve))
        wait_ms = 0;
    else if (look_up(resolve)) {
        close_resolve(&resolve->object);
        return ERR_UNREACHABLE;
    }
    uv_timer_start(&resolve->timer, timer_fired, wait_ms, 0);
    *out = resolve;
    return ERR_OK;
}

void net_resolve_cancel(struct net_resolve *resolve)
{
    if (resolve)
        close_resolve(&resolve->object);
}
