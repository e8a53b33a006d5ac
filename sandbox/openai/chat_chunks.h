/* A chat completion as the service sends it: token-sized chunks in order, or one body. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "openai/chat_request.h"

struct chat_answer {
    const char *id; /* "chatcmpl-…" */
    json_int_t created_s;
    const char *text;
    const json_t *tool_calls; /* array of {"name","arguments"(object)} or, word for word,
                                 {"name","arguments_text"(string)}; NULL: none */
};

/* Called once per event with its whole text ("data: …\n\n"). `is_token`: it waits for its token time. */
typedef void (*chat_event_fn)(void *owner, struct slice event, bool is_token);
must_use enum err chat_stream(const struct chat_request *request, const struct chat_answer *answer,
    chat_event_fn emit, void *owner);
json_t *chat_body(const struct chat_request *request, const struct chat_answer *answer);

/* Bytes of the first token of `text`: a blank and up to five characters, never half a character. */
size_t chat_token_len(struct slice text);
