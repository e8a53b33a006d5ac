#include <string.h>

#include "outreach/outbox_kind.h"

const struct outbox_kind *const OUTBOX_KINDS[] = {&OUTBOX_TEXT, &OUTBOX_CALL};
const unsigned OUTBOX_KIND_COUNT = sizeof OUTBOX_KINDS / sizeof OUTBOX_KINDS[0];

const struct outbox_kind *outbox_kind_find(const char *name)
{
    for (unsigned i = 0; i < OUTBOX_KIND_COUNT; i++)
        if (strcmp(OUTBOX_KINDS[i]->name, name) == 0)
            return OUTBOX_KINDS[i];
    return NULL;
}

bool outbox_entry_has(const json_t *entry, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(entry, name));
    return text && strcmp(text, value) == 0;
}
