/* Keys as words of the caller, since their last turn: an entry is the keys up to '#', and begins so that the model knows it
   (callflow/keypad.h). Pure. What does not fit into 2 KiB is dropped, and nothing of what is there is lost. */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

#define TYPED_MAX_BYTES 2048

struct typed {
    struct strbuf words;
    bool is_open; /* an entry goes on */
    unsigned len; /* keys of it */
};

void typed_init(struct typed *typed);
void typed_close(struct typed *typed);
void typed_clear(struct typed *typed);
/* True: the entry ends with it. */
bool typed_key(struct typed *typed, char key);
/* A hook's words in a key's place; they end an entry. False: dropped. */
bool typed_words(struct typed *typed, struct slice words);
