#include <stdlib.h>
#include <string.h>

#include "net/names.h"

#define KNOWN_AFTER_MS 250 /* an old answer is used when a new one takes longer */

struct net_resolve {
    struct net_object object;
    struct net_loop *loop;
    void (*fn)(void *owner, enum err err, const char *address);
    void *owner;
    struct name *name;                /* waits for its answer; NULL: needs none */
    struct net_resolve *next, **link; /* all that wait for it */
    char known[ADDRESS_SIZE];         /* the answer when the timer fires; "": none */
    uv_timer_t timer;
};

static void free_resolve(uv_handle_t *handle)
{
    free(handle->data);
}

static void leave_name(struct net_resolve *resolve)
{
    if (!resolve->name)
        return;
    *resolve->link = resolve->next;
    if (resolve->next)
        resolve->next->link = resolve->link;
    resolve->name = NULL;
}

static void close_resolve(struct net_object *object)
{
    struct net_resolve *resolve = (struct net_resolve *)object;
    net_object_remove(object);
    leave_name(resolve);
    uv_close((uv_handle_t *)&resolve->timer, free_resolve);
}

static void finish(struct net_resolve *resolve, enum err err, const char *address)
{
    char text[ADDRESS_SIZE] = "";
    if (!err)
        slice_copy(slice_from(address), text, sizeof text);
    close_resolve(&resolve->object);
    resolve->fn(resolve->owner, err, err ? NULL : text);
}

/* Each leaves the list before its owner is told, who may cancel others. Who asks anew in that call waits for
   a new answer, and may take the name's place for another one: `name` is not looked at again. */
void resolve_answered(struct name *name, bool is_found)
{
    struct net_resolve *waiting = name->waiting;
    char address[ADDRESS_SIZE];
    memcpy(address, name->addresses.text[0], sizeof address);
    name->waiting = NULL;
    if (waiting)
        waiting->link = &waiting;
    while (waiting) {
        struct net_resolve *resolve = waiting;
        if (is_found)
            finish(resolve, ERR_OK, address);
        else if (resolve->known[0])
            finish(resolve, ERR_OK, resolve->known);
        else
            finish(resolve, ERR_UNREACHABLE, NULL);
    }
}

static void timer_fired(uv_timer_t *timer)
{
    struct net_resolve *resolve = timer->data;
    if (resolve->known[0])
        finish(resolve, ERR_OK, resolve->known);
    else
        finish(resolve, ERR_TIMEOUT, NULL);
}

static enum err wait_for_name(struct net_resolve *resolve, const char *host)
{
    enum err err = names_ask(&resolve->name, resolve->loop->names, host);
    if (err)
        return err;
    resolve->next = resolve->name->waiting;
    resolve->link = &resolve->name->waiting;
    if (resolve->next)
        resolve->next->link = &resolve->next;
    resolve->name->waiting = resolve;
    return ERR_OK;
}

static void know(struct net_resolve *resolve, const char *address)
{
    slice_copy(slice_from(address), resolve->known, sizeof resolve->known);
}

/* Asks, unless the answer is known and fresh; how long to wait goes to `wait_ms`. */
static enum err begin(struct net_resolve *resolve, const char *host, uint64_t *wait_ms)
{
    struct name *name = names_find(resolve->loop->names, host);
    bool is_known = name && name->addresses.count;
    if (address_is_numeric(host))
        know(resolve, host);
    else if (is_known)
        know(resolve, name->addresses.text[0]);
    bool is_fresh = !is_known || name->fresh_until_ms > uv_now(&resolve->loop->uv);
    if (resolve->known[0] && is_fresh) {
        *wait_ms = 0;
        return ERR_OK;
    }
    if (resolve->known[0] && *wait_ms > KNOWN_AFTER_MS)
        *wait_ms = KNOWN_AFTER_MS;
    enum err err = wait_for_name(resolve, host);
    return resolve->known[0] ? ERR_OK : err;
}

enum err net_resolve_start(struct net_resolve **out, struct net_loop *loop, const char *host,
    uint64_t deadline_ms, void (*fn)(void *owner, enum err err, const char *address), void *owner)
{
    if (!host[0] || strlen(host) >= HOST_SIZE)
        return ERR_BAD;
    struct net_resolve *resolve = calloc(1, sizeof *resolve);
    if (!resolve)
        return ERR_NOMEM;
    resolve->loop = loop;
    resolve->fn = fn;
    resolve->owner = owner;
    uv_timer_init(&loop->uv, &resolve->timer);
    resolve->timer.data = resolve;
    net_object_add(loop, &resolve->object, "resolve", close_resolve);
    uint64_t now_ms = uv_now(&loop->uv);
    uint64_t wait_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    enum err err = begin(resolve, host, &wait_ms);
    if (err) {
        close_resolve(&resolve->object);
        return err;
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
