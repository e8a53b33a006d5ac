/* What the database says of a business: `call.business` of scripts. It is asked for ahead of need by someone else (bindings
   asks Postgres) and never waited for. */
#pragma once

#include <jansson.h>

/* Filled in by the upper layer. */
struct script_business {
    /* Of the tenant, as far as it is known now (borrowed until the next turn of the loop); NULL: nothing, or not yet. Who
       was asked about once is kept up to date. */
    json_t *(*known)(void *owner, const char *tenant_id);
    void *owner;
};
