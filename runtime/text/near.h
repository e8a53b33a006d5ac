/* "Did you mean …": the known name that a misspelt one is closest to. */
#pragma once

#include <stddef.h>

/* How many letters must be added, left out, changed or swapped with their neighbour. Names past 63 bytes are never near. */
unsigned near_distance(const char *a, const char *b);
/* The name of the list (it ends with NULL) that `name` may have meant; NULL: none is close. */
const char *near_name(const char *name, const char *const *names);
