/* Days of birth. A day counts as one when somebody says so before it ("born on", "date of birth") or behind it ("is my
   birthday"), or when it is whole and long past: appointments are not. For redact.c. Pure. */
#pragma once

#include "text/redact_run.h"

/* The date that `first` begins: where it ends, or 0. `named` is what stood before. */
size_t redact_birth_date(
    struct slice text, const struct redact_word *first, const struct named *named);
