/* Scripted replies that repeat what the model was told, so that a test hears it. Pure.

       {{user}}          the last user message
       {{last}}          the last message, of whatever role
       {{system}}        the system prompt
       {{system:LABEL}}  what follows LABEL in the system prompt, to the end of its line
       {{messages}}      how many messages there are

   Anything else in braces stays as it is; what is missing is empty. */
#pragma once

#include <jansson.h>

/* Heap; NULL: no memory, or longer than 64 KiB. */
char *reply_fill(const char *text, const json_t *messages);
/* The text of the last message; "" when it has none. Borrowed. */
const char *reply_last_message(const json_t *messages);
