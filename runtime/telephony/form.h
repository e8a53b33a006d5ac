/* application/x-www-form-urlencoded, decoded (+ is a blank, %XX a byte). Names may repeat; order is kept. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define FORM_MAX_FIELDS 256

struct form_field {
    struct slice name;
    struct slice value;
};

struct form {
    struct form_field fields[FORM_MAX_FIELDS];
    size_t count;
    char *text; /* decoded bytes that the slices point into */
};

/* ERR_BAD: a cut or wrong %-escape; ERR_FULL: more than FORM_MAX_FIELDS fields. A NUL byte is kept. */
must_use enum err form_parse(struct form *form, struct slice body);
void form_free(struct form *form);
struct slice form_get(
    const struct form *form, const char *name); /* first of that name; empty when missing */
void form_encode(
    struct strbuf *out, struct slice name, struct slice value); /* appends "&" when not first */
