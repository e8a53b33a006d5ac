/* The fields of an entry in the list of providers: a new one is a line in catalog_fields.c. Pure. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "routing/catalog_file.h"

#define FIELD_FAULT_SIZE 200

struct catalog_field; /* "base_url", "quirks.path", …, as one slot has it */

const struct catalog_field *catalog_field_find(enum provider_slot slot, const char *name);
bool catalog_field_is_group(enum provider_slot slot, const char *name); /* "quirks" */
/* All names of the slot's fields, for people. */
void catalog_field_names(enum provider_slot slot, struct strbuf *out);
/* False: `fault` says what is wrong, "must be …". */
bool catalog_field_take(const struct catalog_field *field, const json_t *value,
    struct catalog_entry *entry, char fault[FIELD_FAULT_SIZE]);
