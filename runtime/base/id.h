/* Ids made at the source: UUID version 7 (RFC 9562), so rows sort by time and a retried write finds
   its own row. */
#pragma once

#define ID_SIZE 37 /* 36 characters and the terminator */

void id_make(char out[ID_SIZE]);
