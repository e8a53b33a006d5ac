/* What the model is told of the call so far: chat messages, bounded. An assistant's text is what the caller heard.

   Whatever is added in whatever order, an assistant's message with N tool calls is followed by exactly N results before anything
   else: what has none yet gets CONVERSATION_NO_RESULT when something follows, and a result that nobody waits for corrects the
   one that stands there.

   It is kept short by whole exchanges (a caller's message and all up to the next), in steps: a conversation that begins
   otherwise each turn is read anew by the model's service each turn, one that only grows is not. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define CONVERSATION_MESSAGES_MAX 80
/* Until its own word comes: the caller went on, but the tool was not stopped. */
#define CONVERSATION_NO_RESULT "{\"error\":\"no answer yet\",\"hint\":\"it may have been done\"}"

struct conversation {
    json_t *messages;
    size_t tokens;    /* of them, by estimate */
    unsigned dropped; /* exchanges, from the front: the model is told */
};

must_use enum err conversation_init(struct conversation *conversation);
void conversation_close(struct conversation *conversation);
void conversation_add_caller(struct conversation *conversation, struct slice text);
/* Takes back the last caller's message when nothing followed it. */
void conversation_drop_caller(struct conversation *conversation);
void conversation_add_agent(struct conversation *conversation, struct slice text);
/* What the agent was going to say when the caller interrupted it: told apart, since it was not heard. */
void conversation_add_unheard(struct conversation *conversation, struct slice text);
/* What happened on the line, which nobody said. */
void conversation_add_note(struct conversation *conversation, struct slice text);
/* What it was saying when the line broke: nobody knows how much of it was heard. */
void conversation_add_broken_off(struct conversation *conversation, struct slice text);
/* The agent's text (may be empty) with the tools it asked for: `calls` is an array of
   {"id","name","arguments"(text)}, borrowed. Arguments that are no JSON object are told as {}. */
void conversation_add_tool_calls(
    struct conversation *conversation, struct slice text, const json_t *calls);
void conversation_add_tool_result(
    struct conversation *conversation, const char *id, struct slice result);
/* Of each of these calls (an array, with "result" where there is one). */
void conversation_add_tool_results(struct conversation *conversation, const json_t *calls);
/* A result that came late, for the last call of that id; nothing when it is not known (any more). */
void conversation_correct_tool_result(
    struct conversation *conversation, const char *id, struct slice result);
/* When its tokens and what stands beside them in a request (prompt, tools) are more than the budget, the oldest exchanges go until
   they are no more than three quarters of it; the last two only as far as the budget itself wants it, the last one
   never. False: nothing went. */
bool conversation_fit(
    struct conversation *conversation, size_t beside_tokens, size_t budget_tokens);
/* The request's messages: the system prompt, a note when the beginning is left out, and what was said, as JSON text (caller
   frees); NULL: no memory. */
char *conversation_json(const struct conversation *conversation, const char *system_prompt);
