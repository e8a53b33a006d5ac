/* What the model reads of a tool that failed, or has no result yet; and which failures are the tenant's to speak about. Pure. */
#pragma once

#include <jansson.h>

#include "script/port.h"

/* More of them than a turn may have: it is not run. */
#define TOOL_TEXT_TOO_MANY                                                                         \
    "{\"error\":\"too_many_calls\",\"hint\":\"go on with what you know, or ask the caller\"}"

/* Past its limit: the model reads what the caller is told (NULL: nothing), and that it may be done all the same. Heap;
   NULL: no memory. */
char *tool_text_late(const char *say);
/* Whether the caller was, or will be, told of each of these tool calls (an array) instead of the model: one result is worth asking
   the model, which is told what to say of the others. */
bool tool_text_all_given_up(const json_t *tool_calls);
/* on_tool_error is asked about it. `refused` counts, in a reply, what was not run: a model that asked wrongly is told, and
   asks better; the second time counts. */
bool tool_text_is_failure(const struct script_result *result, unsigned *refused);
/* What on_tool_error is told of it, from the result's text: "timeout", "bad_arguments", … */
json_t *tool_text_error(const char *result_text);
/* The hook's words take the place of the model's, which reads them where another tool gave a result. Heap; NULL: no
   memory. */
char *tool_text_said(const char *result_text, const char *say);
