/* A tenant's small values by key, shared by all nodes. A key whose time is over does not exist, and goes for good when the
   tenant writes or within the hour. KV_KEYS_MAX a tenant; writers at the same moment may pass it by one each. */
#pragma once

#include "store/database.h"

#define KV_KEYS_MAX 10000

enum kv_operation {
    KV_GET, /* a row with the value as JSON, or none */
    KV_SET, /* a row: it is kept; none: there is no room for another key */
    KV_ADD, /* a row with the sum, made in one step; none: no room; 22023: what is there is no number */
    KV_DELETE, /* a row: it was there */
};

struct kv_request {
    enum kv_operation operation;
    const char *tenant_id;
    struct slice key;
    struct slice value; /* SET: JSON; ADD: a number */
    struct slice ttl_s; /* SET: from now; ADD: from when the key is made; NULL data: for ever */
};

/* As database_query, which answers. */
must_use enum err kv_ask(struct query **out, struct database *database,
    const struct kv_request *request, unsigned timeout_ms, query_fn *fn, void *owner);
