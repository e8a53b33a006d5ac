/* X-Twilio-Signature (protocols: HMAC-SHA1 over URL and sorted form parameters, base64). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "telephony/form.h"

#define SIGNATURE_SIZE 29 /* 28 characters and the terminator */

/* `form` may be NULL: nothing but the URL is signed. ERR_NOMEM only. */
must_use enum err signature_make(
    char out[SIGNATURE_SIZE], struct slice token, struct slice url, const struct form *form);
/* Accepts the URL as given, without port, with the default port (443 for https and wss, 80 else); for ws(s) URLs also each of
   these with a "/" appended. Checks bodySHA256 of the query against `body` when it is there (JSON bodies).
   Constant time. An empty second token is not tried. */
bool signature_check(struct slice signature, struct slice token, struct slice second_token,
    struct slice url, const struct form *form, struct slice body);
