/* Whether a tool's parameters are a schema that models take in strict mode and that says what its author meant: types
   known, `required` among `properties`, no keyword that would be ignored. */
#pragma once

#include <jansson.h>

#include "script/findings.h"
#include "script/sources.h"

/* `file` is where the tool is written; `schema` its `parameters` as written. */
void check_schema(struct findings *findings, const struct sources *sources, const char *file,
    const json_t *schema);
