#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "telephony/form.h"

bool query_get(struct slice query, const char *name, char *out, size_t size)
{
    out[0] = 0;
    struct form *form = malloc(sizeof *form);
    if (!form || form_parse(form, query)) {
        free(form);
        return false;
    }
    bool is_there = false;
    for (size_t i = 0; i < form->count && !is_there; i++) {
        is_there = slice_is(form->fields[i].name, name);
        if (is_there)
            slice_copy(form->fields[i].value, out, size);
    }
    form_free(form);
    free(form);
    return is_there;
}

bool query_has(struct slice query, const char *name)
{
    char value[8];
    return query_get(query, name, value, sizeof value);
}

bool query_is(struct slice query, const char *name, const char *value)
{
    char found[256];
    return query_get(query, name, found, sizeof found) && !strcmp(found, value);
}
