/* A model's way of asking for a longer answer than usual: "[long]" before its first word. Found and taken out though it
   comes in any number of tokens; nothing but a beginning that may still become one is held back. Pure; no allocation. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define ROOM_MARK "[long]"

struct room {
    char held[sizeof ROOM_MARK]; /* the mark's beginning, as it was written */
    size_t len;
    bool is_decided; /* the answer's first word was seen, or the mark */
    bool is_asked;   /* it was the mark */
};

void room_init(struct room *room);
/* Looks at the answer's next text: what is to be said of it is `*held` and then `*text`, either may become empty. `*held`
   is valid until the next room_init. */
void room_take(struct room *room, struct slice *held, struct slice *text);
/* At the answer's end: the beginning of a mark that never became one. */
struct slice room_end(struct room *room);
