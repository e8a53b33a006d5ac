/* The files of a new tenant: runtime/main/templates/, which is plain Lua and compiled in, with a business's own words in
   place of "@NAME@", "@SLUG@" and the list that holds "@NUMBER@". Pure. */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

#define TENANT_NAME_SIZE 64

struct tenant_words {
    const char *slug;   /* of a-z, 0-9, - and _ */
    const char *name;   /* "Joe's \"Grill\"": it is quoted as Lua wants it */
    const char *number; /* "+15550100077"; "": none yet */
};

extern const char TENANT_TEMPLATE_AGENT[], TENANT_TEMPLATE_TEST[];

void tenant_template_fill(
    struct strbuf *out, const char *template, const struct tenant_words *words);
/* "corner-bakery" → "Corner Bakery" */
void tenant_template_name(char out[TENANT_NAME_SIZE], const char *slug);
/* Whether it can stand in one line of a file: valid UTF-8 without control characters, not blank, shorter than
   TENANT_NAME_SIZE. */
bool tenant_template_is_name(const char *name);
