/* What a claimed conversation (store/texts.h) means to the model and to the script: what was said before in the person's one
   thread, on the phone and in texts, and what they write now. Pure. */
#pragma once

#include <jansson.h>

#include "live/conversation.h"
#include "script/history.h"

#define TOLD_WORDS_MAX_BYTES 8000   /* of the person's texts of a turn */
#define TOLD_EARLIER_MAX_BYTES 6000 /* of calls before: the newest lines */

/* The person's texts as one, a line each; pictures are named. Heap; NULL: no memory. */
char *told_words(const json_t *claim);
/* Texts before, as the exchange they were. */
void told_texts(struct conversation *conversation, const json_t *claim);
/* The same for call.history. */
void told_history(struct history *history, const json_t *claim);
/* The script's prompt, and behind it that this is in texts of at most so many letters, what was said on the phone before, and tools
   that ran for these very texts before their answer was lost. Heap; NULL: no memory. */
char *told_prompt(const char *system_prompt, const json_t *claim, unsigned letters);
