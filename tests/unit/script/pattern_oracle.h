/* LuaJIT's own string library beside ours: the same question to both, answers as text. */
#pragma once

#include <stdbool.h>

#include <lua.h>

#include "base/slice.h"

#define ORACLE_ANSWER_SIZE 4096

struct oracle {
    lua_State *ours;   /* a sandbox */
    lua_State *theirs; /* LuaJIT's libraries as they come */
};

struct oracle_question {
    const char *function; /* find, match, gmatch, gsub */
    struct slice text, pattern;
    int start;                /* find, match: where to begin; gsub: how many; 0: not given */
    struct slice replacement; /* gsub: a text; NULL: a function */
};

void oracle_open(struct oracle *oracle);
void oracle_close(struct oracle *oracle);
/* False: they differ, and the two answers say how. Questions that take us too many steps are not put to LuaJIT. */
bool oracle_agrees(const struct oracle *oracle, const struct oracle_question *question,
    char ours[ORACLE_ANSWER_SIZE], char theirs[ORACLE_ANSWER_SIZE]);
