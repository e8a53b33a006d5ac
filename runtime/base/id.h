/* Ids made at the source: UUID version 7 (RFC 9562), so rows sort by time and a retried write finds
   its own row. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define ID_SIZE 37 /* 36 characters and the terminator */

void id_make(char out[ID_SIZE]);
bool id_is(struct slice text); /* 36 characters of one, whatever its version */
/* The same id for the same name, wherever it is asked for (version 8, from the name's SHA-256). */
void id_of(struct slice name, char out[ID_SIZE]);
