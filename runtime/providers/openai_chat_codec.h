/* Chat completions, the small parts: the request as bytes, and errors in any shape that OpenAI-compatible
   servers give them. The answer is openai_chat_reply.h. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "providers/llm.h"

#define CHAT_CODE_SIZE 64
#define CHAT_TOO_LONG "context_length_exceeded"

/* Body of POST /v1/chat/completions, as the settings' quirks want it. ERR_FULL: `messages` and `tools` are over what `out` may
   hold; ERR_BAD: they are no JSON arrays, where a quirk has to read them. */
must_use enum err chat_request(struct strbuf *out, const struct llm_settings *settings,
    struct slice messages, struct slice tools);

/* The code (or type) in a JSON error body, reduced to letters, digits and "_-."; "" when there is none. What servers say in other
   ways of a request that is too long is CHAT_TOO_LONG. */
void chat_error_code(struct slice body, char code[CHAT_CODE_SIZE]);
/* The same for a parsed answer: false when it is no error. Shapes: {"error":{…}}, {"error":"…"} and
   {"object":"error",…}; "error" stands for a code that is missing. */
bool chat_find_error(json_t *root, char code[CHAT_CODE_SIZE]);
/* The status that an error inside of a stream would have had, by its code; 500 when that says nothing. */
int chat_error_status(const char *code);
