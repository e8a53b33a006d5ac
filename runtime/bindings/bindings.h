/* Everything a tenant script can call, as one library for script/host.h. */
#pragma once

#include "bindings/call_ops.h"
#include "bindings/stubs.h"
#include "net/loop.h"
#include "script/host.h"
#include "store/database.h"
#include "telephony/rest.h"

struct bindings_options {
    struct net_loop *loop;     /* the script thread's */
    struct database *database; /* for db.query and booking; NULL: those answer nil, "unavailable" */
    struct rest_settings rest; /* sms.send; empty sid: nil, "unavailable" */
    const struct call_ops *call_ops;
    void *call_ops_owner;
    bool allow_private_http;      /* http may reach private addresses (development) */
    const char *secrets_path;     /* a folder a tenant with a file a secret; NULL or "": none */
    const struct stub_ops *stubs; /* NULL: the world itself answers */
    void *stubs_owner;
    uint64_t (*wall_ms)(void *owner); /* the script's clock; NULL: the real one */
    void *wall_owner;
    unsigned business_every_ms; /* how old what is known of a business gets; 0: 30000 */
};

struct bindings;
must_use enum err bindings_create(struct bindings **out, const struct bindings_options *options);
struct script_library bindings_library(struct bindings *bindings);
/* What the script host searches before prompts; lives as long as `bindings`. */
const struct script_knowledge *bindings_knowledge(const struct bindings *bindings);
/* What scripts are told of the tenants' rows; lives as long as `bindings`. */
const struct script_business *bindings_business(const struct bindings *bindings);
/* An answer has come for that tenant, whatever it says. */
bool bindings_has_heard_of(const struct bindings *bindings, const char *tenant_id);
void bindings_destroy(struct bindings *bindings);
