/* A secret as a file of one line, which others on its machine may not read. */
#pragma once

#include "base/err.h"

#define SECRET_VALUE_MAX_BYTES 4096
/* Of a tenant's secrets, the files that hold its own keys for providers: this and the provider's name. Scripts cannot name them. */
#define PROVIDER_KEY_PREFIX "provider_"

/* `value` is terminated, without the line's end; the caller wipes it. ERR_NOT_FOUND, ERR_REFUSED (others may read it), ERR_BAD
   (no file, or no text for a header), ERR_SYSTEM: `fault` continues "the file …" and says what to do, with nothing of the value. */
must_use enum err secret_file_read(
    const char *path, char value[SECRET_VALUE_MAX_BYTES + 1], const char **fault);
