/* The messages and tools of a chat completions request, checked by the service's rules. Pure. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "error_body.h"

/* Roles, contents, and that each tool call is answered by exactly one tool message before anything else. */
must_use enum err chat_messages_check(const json_t *messages, struct api_error *error);
/* One tool: its name and the schema of its parameters. `param` names it in the error. */
must_use enum err chat_tool_check(const json_t *tool, const char *param, struct api_error *error);
/* Always ERR_BAD: an invalid value of `param` (NULL: of no field). */
must_use enum err chat_refuse(struct api_error *error, const char *param, const char *message);
/* The text under `key`, "" when it is missing or no text. */
const char *chat_text(const json_t *object, const char *key);
