/* A named secret as a script holds it: a name and how it is written into a header, never the value. That is read from its
   file when a request goes out, so it is in no Lua state, and a file that was replaced counts at once. */
#pragma once

#include <lua.h>

#include "base/err.h"
#include "base/secret_file.h"

#define SECRET_NAME_SIZE 64
#define SECRET_USER_SIZE 128
#define SECRET_HEADER_SIZE 6144 /* the longest in base64, with its user */

enum secret_form { SECRET_PLAIN, SECRET_BEARER, SECRET_BASIC };

struct secret {
    char name[SECRET_NAME_SIZE];
    enum secret_form form;
    char user[SECRET_USER_SIZE]; /* of BASIC */
};

const struct secret *secret_at(lua_State *lua, int index); /* NULL: something else */
/* The header's value. ERR_NOT_FOUND, ERR_REFUSED (others may read the file), ERR_BAD (no text for a header), with `why` for
   the script: the name, and nothing of the value. The caller wipes `out`. */
must_use enum err secret_header(const struct secret *secret, const char *folder, const char *tenant,
    char out[SECRET_HEADER_SIZE], char why[160]);
