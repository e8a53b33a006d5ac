/* What a script says its call came to: call.outcome, one of a list, and call.tags, a set of short texts that is written
   call.tags.vip = true. Kept by the host like call.state; they become columns of the call's row. */
#pragma once

#include <stdbool.h>

#include <jansson.h>
#include <lua.h>

#include "base/err.h"
#include "base/slice.h"

#define OUTCOME_SIZE 16
#define CALL_TAGS_MAX 16
#define CALL_TAG_MAX_BYTES 40

struct call_labels {
    char outcome[OUTCOME_SIZE]; /* empty: none was said */
    char *tags_json;            /* array of texts in order (heap); NULL: there were never any */
};

/* As the list has it; NULL: it has not. */
const char *outcome_find(struct slice text);
/* What a tool's result says of it: {"outcome":"booked"}; NULL: nothing that a tool may say. */
const char *outcome_of_result(const json_t *result);

/* Without memory for them there are no tags. */
void labels_copy(struct call_labels *to, const struct call_labels *from);
void labels_move(struct call_labels *to, struct call_labels *from); /* `to` is released first */
void labels_clear(struct call_labels *labels);
bool labels_are_same(const struct call_labels *a, const struct call_labels *b);

/* The call object is on top of the stack: its `tags` and `outcome` are set. May raise. */
void labels_push(lua_State *lua, const struct call_labels *labels);
/* Takes them from it. What is wrong stays as it was: ERR_BAD with `why`. Raises only before it takes anything. */
must_use enum err labels_read(struct call_labels *labels, lua_State *lua, char why[160]);
