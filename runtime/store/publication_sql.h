/* The statements of store/publications.h. Each change of what a tenant is to run is one statement that also tells every
   node; it returns the new row's version, or no row when there is nothing to change to. */
#pragma once

#include "store/publications.h"

#define PUBLICATIONS_CHANNEL "moonline_scripts"

/* $1 node. Says that the node is there. One row a tenant: tenant_id, id, version, canary_version, canary_percent,
   whether it is a rollback, and its time in ms. */
extern const char PUBLICATION_BINDINGS[];
/* $1 tenant, $2 version → the bundle. */
extern const char PUBLICATION_BUNDLE[];
/* $1 node, $2 tenant, $3 version, $4 state, $5 why. */
extern const char PUBLICATION_NOTE[];
/* $1 tenant → what publications_list says. */
extern const char PUBLICATION_LIST[];
/* $1 tenant, $2 version, $3 bundle, $4 percent (0: all calls), $5 author, $6 note. */
extern const char PUBLICATION_PUBLISH[];
/* $1 tenant (of a reload: "" for all), $2 author, $3 version (of a rollback; "": the one before). */
const char *publication_change_sql(enum publication_change change);
