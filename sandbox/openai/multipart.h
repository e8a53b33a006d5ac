/* A body of multipart/form-data (RFC 7578) taken apart in place. Strict: no preamble, every part has its name, the last boundary is
   there. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct form_part {
    struct slice name;
    struct slice filename; /* empty: none was given */
    struct slice value;
};

/* ERR_BAD: it is not such a body; ERR_FULL: more than `room` parts. */
must_use enum err multipart_read(struct form_part *parts, size_t room, size_t *count,
    struct slice content_type, struct slice body);
