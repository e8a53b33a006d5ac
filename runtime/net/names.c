#include "net/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_MS 60000   /* how long an answer is used without asking again */
#define ASKING_AT_MOST 8 /* names that do not answer leave room for those that do */

struct name *names_find(struct names *names, const char *host)
{
    for (size_t i = 0; i < NAMES_KEPT; i++) {
        if (names->kept[i].host[0] && !strcasecmp(names->kept[i].host, host))
            return &names->kept[i];
    }
    return NULL;
}

/* A free place, or that of the answer which is oldest; one without an answer has none to lose. */
static struct name *make_room(struct names *names)
{
    struct name *oldest = NULL;
    unsigned asking = 0;
    for (size_t i = 0; i < NAMES_KEPT; i++) {
        struct name *name = &names->kept[i];
        asking += name->is_asking;
        if (!name->is_asking && (!oldest || name->fresh_until_ms < oldest->fresh_until_ms))
            oldest = name;
    }
    return asking < ASKING_AT_MOST ? oldest : NULL;
}

enum err names_ask(struct name **out, struct names *names, const char *host)
{
    struct name *name = names_find(names, host);
    if (!name) {
        name = make_room(names);
        if (!name)
            return ERR_FULL;
        *name = (struct name){0};
        snprintf(name->host, sizeof name->host, "%s", host);
    }
    if (!name->is_asking) {
        enum err err = lookup_start(&name->lookup, names->lookups, name->host);
        if (err)
            return err;
        name->is_asking = true;
    }
    *out = name;
    return ERR_OK;
}

static bool has(const struct addresses *addresses, const char *address, unsigned *at)
{
    for (*at = 0; *at < addresses->count; ++*at) {
        if (!strcmp(addresses->text[*at], address))
            return true;
    }
    return false;
}

static void bring_to_front(struct addresses *addresses, unsigned at)
{
    char front[ADDRESS_SIZE];
    memcpy(front, addresses->text[at], ADDRESS_SIZE);
    memmove(addresses->text[1], addresses->text[0], at * sizeof addresses->text[0]);
    memcpy(addresses->text[0], front, ADDRESS_SIZE);
}

/* The address used before stays the first while it is among the answers: kept connections stay useful. */
static void answered(struct net_loop *loop, struct lookup_wait *wait)
{
    struct name *name = (struct name *)wait;
    unsigned at;
    name->is_asking = false;
    if (wait->answer.count) {
        char before[ADDRESS_SIZE];
        memcpy(before, name->addresses.text[0], ADDRESS_SIZE);
        name->addresses = wait->answer;
        name->fresh_until_ms = uv_now(&loop->uv) + FRESH_MS;
        if (has(&name->addresses, before, &at))
            bring_to_front(&name->addresses, at);
    }
    resolve_answered(name, wait->answer.count > 0);
}

unsigned net_address_count(struct net_loop *loop, const char *host)
{
    struct name *name = names_find(loop->names, host);
    return name && name->addresses.count ? name->addresses.count : 1;
}

static void send_first_to_back(struct addresses *addresses)
{
    char first[ADDRESS_SIZE];
    unsigned last = addresses->count - 1;
    memcpy(first, addresses->text[0], ADDRESS_SIZE);
    memmove(addresses->text[0], addresses->text[1], last * sizeof addresses->text[0]);
    memcpy(addresses->text[last], first, ADDRESS_SIZE);
}

bool net_address_after(
    struct net_loop *loop, const char *host, const char *failed, char out[ADDRESS_SIZE])
{
    struct name *name = names_find(loop->names, host);
    if (!name || name->addresses.count < 2)
        return false;
    if (!strcmp(name->addresses.text[0], failed))
        send_first_to_back(&name->addresses);
    snprintf(out, ADDRESS_SIZE, "%s", name->addresses.text[0]);
    return true;
}

enum err names_start(struct net_loop *loop)
{
    loop->names = calloc(1, sizeof *loop->names);
    if (!loop->names)
        return ERR_NOMEM;
    enum err err = lookups_create(&loop->names->lookups, loop, answered);
    if (err) {
        free(loop->names);
        loop->names = NULL;
    }
    return err;
}

void names_stop(struct net_loop *loop)
{
    if (!loop->names)
        return;
    for (size_t i = 0; i < NAMES_KEPT; i++)
        lookup_forget(&loop->names->kept[i].lookup);
    lookups_destroy(loop->names->lookups);
    free(loop->names);
    loop->names = NULL;
}
