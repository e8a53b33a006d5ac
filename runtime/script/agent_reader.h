/* From what agent.lua returned to `struct agent` and the program's own references (prompt, tools, profile). */
#pragma once

#include <jansson.h>

#include "script/program.h"

/* ERR_BAD: `why` is "file:line: path what". On success the agent has one reference and the hash of the program's sources;
   `schemas` (owned by the caller) maps each tool's name to its parameters as the tenant wrote them. */
must_use enum err agent_read(
    struct agent **out, json_t **schemas, struct program *program, char why[512]);
/* For a rebuilt program of a version whose agent is known: the references only. */
must_use enum err agent_read_references(struct program *program, char why[512]);
