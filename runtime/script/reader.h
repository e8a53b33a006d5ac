/* Reads what agent.lua returned, field by field, and says what is wrong with it by file, line and path:
   "agent.lua:12: turn.silence_ms is 50000: it must be from 100 to 5000". The first fault stays; later reads go on
   and change nothing, but whoever wants all faults hears of them (sources->on_fault).
   Works on raw fields (no metamethods), in protected mode, without the memory limit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "script/sources.h"

struct reader {
    lua_State *lua;
    const struct sources *sources;
    const char *file; /* whose lines are quoted */
    char *why;        /* 512 bytes; "" as long as all is well */
    char at[160];     /* path of the last fault: what is wrong is not missing as well */
};

void reader_fault(struct reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same about the value on top of the stack, which is named: "is <value>: it <format>". */
void reader_wrong(struct reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each looks at field `key` of the table on top of the stack, which stays there. `path` is the table's own ("" at the
   top, "turn" below). A missing field leaves `out` as it is. */
void reader_text(struct reader *reader, const char *path, const char *key, char *out, size_t size);
void reader_number(struct reader *reader, const char *path, const char *key, double *out,
    double least, double most);
void reader_unsigned(struct reader *reader, const char *path, const char *key, unsigned *out,
    unsigned least, unsigned most);
void reader_bool(struct reader *reader, const char *path, const char *key, bool *out);
/* Pushes the field when it is a table (or function) and answers true; else pushes nothing. */
bool reader_enter(struct reader *reader, const char *path, const char *key, int type);
/* Every name in the table must be in the list ("[1]": its first value); one that is not is told which it may have meant. */
void reader_only(struct reader *reader, const char *path, const char *const *names);
