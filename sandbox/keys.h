/* Which keys are valid, and how often each was used, told by labels: a key itself is shown nowhere. Without a list any key
   is. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "fault.h"

struct keys {
    json_t *labels; /* key → label; NULL: any key is valid */
    json_t *uses;   /* {"label":{"llm":3}}; NULL: none yet */
};

/* {"valid":{"label":"the key"}}: these, and no others. ERR_BAD. */
must_use enum err keys_set(struct keys *keys, const json_t *wish);
void keys_clear(struct keys *keys); /* any key is valid again; uses begin anew */
/* False: it is none. Counts one that is listed. */
bool keys_use(struct keys *keys, enum service service, struct slice key);
json_t *keys_uses(const struct keys *keys);
