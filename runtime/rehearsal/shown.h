/* What a script asks of a module, and what it is answered, as a person reads it. */
#pragma once

#include <jansson.h>

char *shown_values(
    const json_t *values); /* `["a",1]` as `("a",1)`, shortened; heap; NULL: no memory */
