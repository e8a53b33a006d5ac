/* Keys as words of the caller: an entry is the keys up to '#', and begins so that the model knows it (callflow/keypad.h).
   Private to rehearsal. */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

struct typed {
    struct strbuf words;
    bool is_open; /* an entry goes on */
    unsigned len; /* keys of it */
};

void typed_init(struct typed *typed);
void typed_close(struct typed *typed);
void typed_clear(struct typed *typed);
bool typed_key(struct typed *typed, char key); /* true: the entry ends with it */
void typed_words(struct typed *typed, const char *words);
