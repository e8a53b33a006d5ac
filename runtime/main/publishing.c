#include "main/publishing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "main/published.h"

#define LOOK_MS 1000 /* between looks for versions that were rolled back meanwhile */

struct publishing {
    struct publishing_options options;
    struct publications *publications;
    struct net_timer *timer;
    struct published *tenants;
};

static struct published *know(struct publishing *publishing, const char *tenant_id)
{
    struct published *tenant;
    HASH_FIND_STR(publishing->tenants, tenant_id, tenant);
    if (tenant)
        return tenant;
    tenant = calloc(1, sizeof *tenant);
    if (!tenant)
        return NULL;
    tenant->publications = publishing->publications;
    tenant->desk = publishing->options.desk;
    tenant->shelf = publishing->options.shelf;
    slice_copy(slice_from(tenant_id), tenant->tenant_id, sizeof tenant->tenant_id);
    HASH_ADD_STR(publishing->tenants, tenant_id, tenant);
    if (tenant->hh.tbl)
        return tenant;
    free(tenant);
    return NULL;
}

static void on_binding(void *owner, const struct binding *binding)
{
    struct published *tenant = know(owner, binding->tenant_id);
    if (!tenant)
        return;
    struct wanted *wanted = &tenant->wanted;
    *wanted = (struct wanted){.id = binding->id,
        .at_ms = binding->at_ms,
        .is_rollback = binding->is_rollback,
        .canary_percent = binding->canary_percent};
    slice_copy(slice_from(binding->version), wanted->version, sizeof wanted->version);
    slice_copy(
        slice_from(binding->canary_version), wanted->canary_version, sizeof wanted->canary_version);
    if (tenant->is_busy)
        return;
    bool is_due = tenant->again_ms && clock_ms() >= tenant->again_ms;
    if (wanted->id != tenant->done_id || is_due)
        published_begin(tenant);
    else if (!tenant->is_noted)
        published_note(tenant);
}

static void look(void *owner)
{
    struct publishing *publishing = owner;
    struct published *tenant, *next;
    HASH_ITER(hh, publishing->tenants, tenant, next)
    {
        if (!tenant->is_busy && tenant->done_id)
            published_look(tenant);
    }
    net_timer_set(publishing->timer, clock_ms() + LOOK_MS);
}

void publishing_again(struct publishing *publishing)
{
    struct published *tenant, *next;
    HASH_ITER(hh, publishing->tenants, tenant, next)
    {
        tenant->done_id = 0;
    }
    publications_look(publishing->publications);
}

/* ---- life ---- */

struct publications *publishing_publications(struct publishing *publishing)
{
    return publishing ? publishing->publications : NULL;
}

enum err publishing_start(
    struct publishing **out, struct net_loop *loop, const struct publishing_options *options)
{
    struct publishing *publishing = calloc(1, sizeof *publishing);
    if (!publishing)
        return ERR_NOMEM;
    publishing->options = *options;
    struct publications_options publications = {.database_url = options->database_url,
        .node = options->node,
        .on_binding = on_binding,
        .owner = publishing};
    enum err err = net_timer_create(&publishing->timer, loop, look, publishing);
    if (!err)
        err = publications_open(&publishing->publications, loop, &publications);
    if (err) {
        publishing_stop(publishing);
        return err;
    }
    net_timer_set(publishing->timer, clock_ms() + LOOK_MS);
    *out = publishing;
    return ERR_OK;
}

void publishing_stop(struct publishing *publishing)
{
    struct published *tenant, *next;
    if (!publishing)
        return;
    publications_close(publishing->publications);
    net_timer_destroy(publishing->timer);
    HASH_ITER(hh, publishing->tenants, tenant, next)
    {
        HASH_DEL(publishing->tenants, tenant);
        if (tenant->ticket)
            script_desk_forget(publishing->options.desk, tenant->ticket);
        free(tenant);
    }
    free(publishing);
}
