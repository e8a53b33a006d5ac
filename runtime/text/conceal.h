/* Hides secrets (as "[secret]") in text that leaves the process: what follows "Bearer" or "Basic", the password of a
   URL, values of names such as password, api_key or token, keys by their usual prefix, and the values known. People's
   numbers and addresses are redact's. Pure. */
#pragma once

#include <stddef.h>

#include "base/strbuf.h"

#define CONCEAL_KNOWN_MIN_BYTES 8 /* shorter ones would hide words that mean something else */

void conceal(struct strbuf *out, struct slice text, const struct slice *known, size_t known_count);
