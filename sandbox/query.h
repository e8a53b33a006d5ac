/* Query strings of requests. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

bool query_has(struct slice query, const char *name);
bool query_is(struct slice query, const char *name, const char *value);
/* The decoded value cut to `size`; false (and "") when the name is missing. */
bool query_get(struct slice query, const char *name, char *out, size_t size);
