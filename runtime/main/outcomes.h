/* What reload, rollback and promote say came of it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* A line a tenant, of which one that nothing happened to is left out when many are told of. False: a version is not
   live that should be. */
bool outcomes_print(const json_t *answer);
