/* JSON schemas of tools: into the strict form chat models want, and arguments held against them. Pure. */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* A new schema in which every object forbids further properties and requires all of its own; what was optional
   may be null instead. NULL: no memory. */
json_t *strict_schema(const json_t *schema);
/* Drops null members of `arguments`, then checks the top level against the tenant's own `schema`: required members, their
   types and enums. ERR_BAD with `why`, which is meant for the model ("phone is missing"). */
must_use enum err strict_check(json_t *arguments, const json_t *schema, char why[160]);
