/* Addresses of a provider's endpoints, made from the origin in the settings ("https://api.example",
   a trailing slash or "/v1" is tolerated). Pure. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

/* "https://host" + "/v1/x"; ERR_BAD when the origin is neither http nor https (ws and wss count as these). */
must_use enum err origin_http(struct strbuf *out, const char *origin, const char *path);
must_use enum err origin_ws(
    struct strbuf *out, const char *origin, const char *path); /* the same as ws or wss */
void origin_add_encoded(
    struct strbuf *out, struct slice text); /* percent-encoded, for a path part or a value */
