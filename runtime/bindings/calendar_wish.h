/* Reads what a script says to a function of the module `calendar`. Contracts that are broken raise; what a caller or a
   model may have got wrong is kept as the answer to give: a code and a message. */
#pragma once

#include "bindings/calendar_request.h"

/* Plain data on the C stack until all of it is checked: checks may raise. */
struct asking {
    struct calendar_wish wish;
    const char *function;
    struct slice country; /* of the profile */
    const char *bad;      /* a code: it can be answered at once */
    const char *message;
};

/* Checks that the script may wait, leaves the profile on the stack, and sets zone, country, now and at_s (now). */
void asking_begin(lua_State *lua, struct asking *asking, enum calendar_ask what);
/* Keeps the first. */
void asking_refuse(struct asking *asking, const char *code, const char *message);

/* After asking_begin. The value at `index`: seconds since 1970 or a text; a date alone is the beginning of its day, where
   that is enough. Nothing: at_s stays. */
void asking_take_instant(lua_State *lua, struct asking *asking, int index, bool may_be_day);
bool asking_take_instant_field(
    lua_State *lua, struct asking *asking, const char *name, bool may_be_day);
bool asking_take_phone(lua_State *lua, struct asking *asking);
/* The call that asks, unless another one is named. */
void asking_take_call(lua_State *lua, struct asking *asking);

/* only_check and confirm = "text". */
void asking_take_manner(lua_State *lua, struct asking *asking);

/* At any time. False: missing. */
bool asking_take_line(
    lua_State *lua, struct asking *asking, const char *name, char *out, size_t size);
bool asking_take_contact(lua_State *lua, struct asking *asking);
void asking_take_part(lua_State *lua, struct asking *asking);
/* The first argument, an appointment's id. */
void asking_take_appointment(lua_State *lua, struct asking *asking);
