/* Which names a file takes for granted that no script has: found in its compiled code, without running it, so also where
   it would only fail in a call. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "script/findings.h"
#include "script/host.h"

/* Names that still work and will not for ever; a list ends with a NULL name. */
struct deprecated_name {
    const char *name; /* a field of agent.lua ("turn.silence") or a host function ("http.fetch") */
    const char *instead; /* what to write */
};
extern const struct deprecated_name deprecated_names[];

struct globals;
/* Of the environment that `library` fills. */
must_use enum err globals_create(struct globals **out, const struct script_library *library,
    const struct deprecated_name *deprecated);
/* Adds what is wrong with the file's text; one that does not compile is an error too. */
void globals_check(
    const struct globals *globals, struct findings *findings, const char *file, struct slice text);
void globals_destroy(struct globals *globals); /* NULL is fine */
