/* A version's files as one JSON text, for the shelf, for Postgres and for people:

     {"tenant":"acme","version":"0123456789abcdef","files":{"agent.lua":"…","sounds/keys.wav":{"base64":"…"}}}

   A file that is no text stands in base64. Reading touches no file, and takes nothing on trust: names, sizes and number are
   those of script/sources.h, and the version must be the hash of what is there. */
#pragma once

#include "script/sources.h"

#define BUNDLE_MAX_BYTES (48u << 20)

/* The same text for the same files. ERR_FULL: longer than BUNDLE_MAX_BYTES. */
must_use enum err sources_to_bundle(char **out, const struct sources *sources);
/* Sealed: nothing joins them. `scripts_path` is where newer files of that tenant would lie. ERR_BAD with `why` for people. */
must_use enum err sources_from_bundle(
    struct sources **out, struct slice bundle, const char *scripts_path, char why[256]);
