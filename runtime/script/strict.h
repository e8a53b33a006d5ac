/* JSON schemas of tools, into the strict form chat models want. Pure. */
#pragma once

#include <jansson.h>

/* A new schema in which every object forbids further properties and requires all of its own; what was optional
   may be null instead. NULL: no memory. */
json_t *strict_schema(const json_t *schema);
