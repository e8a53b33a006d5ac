/* What the chat completions endpoint accepts: fields, messages, tools. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "error_body.h"

struct chat_request { /* borrowed from the JSON it was read from */
    const char *model;
    const json_t *messages;
    const json_t *tools; /* NULL: none, or tool_choice is "none" */
    bool is_stream;
    bool includes_usage;
    json_int_t max_tokens; /* 0: no limit */
};

/* ERR_BAD with the error to answer. */
must_use enum err chat_request_read(
    struct chat_request *out, const json_t *body, struct api_error *error);
bool chat_model_is_known(const char *model);
/* About four characters a token, as the usage tells it. */
unsigned chat_prompt_tokens(const struct chat_request *request);
