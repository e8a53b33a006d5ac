/* One line of a .env file: NAME=value, # comments, blanks around both, one pair of quotes around the value. Pure. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define ENV_LINE_MAX_BYTES 4096

/* `name` is empty for a blank line or a comment. ERR_BAD: no "=", no name of letters, digits and "_", a NUL in it,
   or longer than ENV_LINE_MAX_BYTES; nobody may guess what was meant. */
must_use enum err env_line_read(struct slice line, struct slice *name, struct slice *value);
