/* What reload, publish, rollback and promote say came of it: {"tenants":[{"tenant","outcome","version","error"}]}. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* A line a tenant, of which one that nothing happened to is left out when many are told of. False: a version is not
   live that should be. */
bool outcomes_print(const json_t *answer);
/* A member that is a text; "" when it is none. */
const char *outcomes_text(const json_t *row, const char *name);
