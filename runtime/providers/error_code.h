/* A service's word for an error, safe in logs. Pure. */
#pragma once

#include <stddef.h>

#include "base/slice.h"

/* What is somebody's own is redacted; then what is neither a letter, a digit nor one of "_-." is left out, and what does not fit
   is cut. Always terminated. */
void error_code_copy(char *code, size_t size, struct slice text);
