/* How long a conversation is, and what goes when it is too long (conversation_fit). Private to conversation. */
#pragma once

#include "live/conversation.h"

/* What the model counts for a message, by estimate. */
size_t conversation_count(const json_t *message);
void conversation_remove(struct conversation *conversation, size_t index);
/* By messages, whatever is in them: for memory's sake. */
void conversation_keep_bounded(struct conversation *conversation);
