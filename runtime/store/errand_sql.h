/* The statements behind store/errands.h, each one row of one column. Running one again is harmless,
   but for CLAIM, whose second answer is the point of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "store/errands.h"

#define ERRAND_PARAMS_MAX 4

const char *errand_sql(enum errand_kind kind);
const char *errand_name(enum errand_kind kind);
/* A caller waits for some, who is not to wait long for a server that is away. */
unsigned errand_timeout_ms(enum errand_kind kind, bool is_up);
/* What stands for $1…; returns how many. Slices into the errand and the other texts. */
size_t errand_params(const struct errand *errand, const char *attempt, const char *node,
    struct slice params[ERRAND_PARAMS_MAX]);
