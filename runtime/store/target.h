/* Where a database is: a URL taken apart, so that we resolve the host's name ourselves. libpq would
   block the loop for it; it is given the address and keeps the name for TLS. */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define TARGET_PARAMETERS 64

struct target {
    const char *keywords[TARGET_PARAMETERS + 3]; /* room for hostaddr and the end mark */
    const char *values[TARGET_PARAMETERS + 3];   /* heap, owned */
    size_t count;
    const char *host; /* the name to resolve; NULL: a unix socket, or an address was given */
};

/* ERR_BAD: no such URL, or several hosts; `why` says so without any password. */
must_use enum err target_parse(
    struct target *target, const char *url, const char *application_name, char why[200]);
void target_free(struct target *target);
