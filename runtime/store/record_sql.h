/* The statement that stores one record of a kind, given as its JSON text in $1. Running it again with
   the same or a fuller record is harmless: rows are keyed by id, and null or missing members leave
   what is there. */
#pragma once

#include "store/records.h"

char *record_sql(enum record_kind kind); /* heap; NULL: no memory */
const char *record_kind_name(enum record_kind kind);
bool record_kind_find(
    enum record_kind *out, const char *name); /* false: there is none of that name */
