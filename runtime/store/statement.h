/* What a tenant's SQL may be, checked before it is sent: exactly one SELECT, INSERT, UPDATE, DELETE or
   WITH, calling only functions of a list (statement_names.c), naming nothing of the system. The first
   of two fences: row-level security with revoked rights (migrations/fence.sql) is the second. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define STATEMENT_WHY_SIZE 160

/* ERR_REFUSED: `why` says what to write instead. */
must_use enum err statement_check(struct slice sql, char why[STATEMENT_WHY_SIZE]);

/* Whether `name (` is fine: a listed function, a type with a modifier, or a word of SQL itself. */
bool statement_may_call(struct slice lower_name);
