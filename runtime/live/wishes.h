/* What tenants wish of their calls in table tenant_settings, which people edit in the console. The control thread tells what
   Postgres knows every now and then (main/caretaker.c); readers on any thread take a copy along, and wait for nothing.
   Postgres away: what was known stays. */
#pragma once

#include <stddef.h>

#include "base/slice.h"
#include "script/agent.h"

enum wish_record {
    WISH_RECORD_UNSAID, /* the script's word counts, or its default */
    WISH_RECORD_NEVER,
    WISH_RECORD_WITH_CONSENT,
    WISH_RECORD_ALWAYS,
};

struct wishes {
    char tenant_id[TENANT_ID_SIZE];
    enum wish_record record_calls;
};

enum wish_record wish_record_of(struct slice word); /* of the table; UNSAID: none of its words */

/* Takes the place of what was there; without memory for it, that stays. */
void wishes_publish(const struct wishes *list, size_t count);
void wishes_clear(void);
struct wishes wishes_of(const char *tenant_id); /* a tenant without a row wishes nothing */
