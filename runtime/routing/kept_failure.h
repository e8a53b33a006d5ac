/* The last failure of several, with its text: what told it may be gone by now. */
#pragma once

#include "providers/failure.h"

struct kept_failure {
    struct failure of; /* `why` is below */
    char why[160];
};

void kept_failure_set(
    struct kept_failure *kept, const struct failure *failure); /* may be its own */
