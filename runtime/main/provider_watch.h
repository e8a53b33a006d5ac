/* Keeps the process's catalog (routing/catalog.h) as the file of providers, its key files and the tenants' key files are: on
   the control thread, without a restart. A reading that fails leaves the last good list in place. */
#pragma once

#include "main/provider_list.h"
#include "net/loop.h"

struct provider_watch;

/* Publishes the first catalog, or says why it cannot. */
must_use enum err provider_watch_start(struct provider_watch **out, struct net_loop *loop,
    const struct settings *settings, char why[CATALOG_WHY_SIZE]);
void provider_watch_look(
    struct provider_watch *watch); /* once a second: reads again when a file is not as it was */
void provider_watch_again(struct provider_watch *watch); /* reads again; NULL is fine */
void provider_watch_stop(struct provider_watch *watch);  /* NULL is fine; the catalog stays */
