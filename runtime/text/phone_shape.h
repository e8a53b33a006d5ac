/* Finds a telephone number among groups of digits, without taking dates, times, addresses of machines,
   amounts and versions for one. Pure.

      "at 9 555-0123"   ─►  groups 9 │ 555 │ 0123  ─►  before 2, len 8
*/
#pragma once

#include <stdbool.h>

#include "base/slice.h"

struct phone_span {
    size_t before; /* bytes to keep */
    size_t len;    /* bytes of a number after them; 0: none found, keep `before` and go on there */
};

/* True where phone_find is worth calling: a digit, or "+", "(", "%2B" before one. `at` begins a token. */
bool phone_may_start(struct slice text, size_t at);
/* Looks at the groups that begin at `at`; `before` + `len` is at least 1. */
struct phone_span phone_find(struct slice text, size_t at);
