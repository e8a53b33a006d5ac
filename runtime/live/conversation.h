/* What the model is told of the call so far: chat messages, bounded. An assistant's text is what the caller heard.
   Messages are made complete: every tool call has its result before anything else follows. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/slice.h"

#define CONVERSATION_MESSAGES_MAX 80

struct conversation {
    json_t *messages;
};

must_use enum err conversation_init(struct conversation *conversation);
void conversation_close(struct conversation *conversation);
void conversation_add_caller(struct conversation *conversation, struct slice text);
/* Takes back the last caller's message when nothing followed it. */
void conversation_drop_caller(struct conversation *conversation);
void conversation_add_agent(struct conversation *conversation, struct slice text);
/* What the agent was going to say when the caller interrupted it: told apart, since it was not heard. */
void conversation_add_unheard(struct conversation *conversation, struct slice text);
/* The agent's text (may be empty) with the tools it asked for: `calls` is an array of
   {"id","name","arguments"(text)}, borrowed. */
void conversation_add_tool_calls(
    struct conversation *conversation, struct slice text, const json_t *calls);
void conversation_add_tool_result(
    struct conversation *conversation, const char *id, struct slice result);
/* Of each of these calls (an array, with "result" where there is one): every call gets its message, whatever became of it, the
   model's protocol wants that. `unknown`: what stands for a result that is missing. */
void conversation_add_tool_results(
    struct conversation *conversation, const json_t *calls, const char *unknown);
/* A result that came late, for the last call of that id; nothing when it is not known (any more). */
void conversation_correct_tool_result(
    struct conversation *conversation, const char *id, struct slice result);
/* The request's messages: the system prompt and what was said, as JSON text (caller frees); NULL: no memory. */
char *conversation_json(const struct conversation *conversation, const char *system_prompt);
