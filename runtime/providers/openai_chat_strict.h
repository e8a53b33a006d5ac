/* What a chat request holds, rewritten for services that want it otherwise: tools whose arguments are guaranteed, messages whose
   system role has another name. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

/* Whether a schema is one that OpenAI's strict mode takes, in which a request with another is refused as a whole: every object
   closed and all of its properties required, none but the allowed keywords, at most ten levels deep. */
bool chat_is_strict_schema(const json_t *schema);
/* The tools (a JSON array) with "strict": true where that may be; where not, a tool stands as it was, without "strict".
   ERR_BAD: no array; ERR_FULL: over what `out` may hold. */
must_use enum err chat_add_strict_tools(struct strbuf *out, struct slice tools);
/* The messages (a JSON array) with `role` in place of "system". Likewise. */
must_use enum err chat_add_messages(struct strbuf *out, struct slice messages, const char *role);
