/* URLs of webhooks. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define URL_SIZE 2048

/* `reference` as found in a document that came from `base`: absolute, or beginning with /, or relative
   to the last / of the base's path. ERR_BAD: too long. */
must_use enum err url_resolve(char out[URL_SIZE], const char *base, const char *reference);
/* Same scheme, host and port as written. */
bool url_has_origin(const char *url, const char *origin);
