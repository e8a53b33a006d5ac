#include "replay/call_steps.h"

#include <stdlib.h>

enum err call_steps_add(struct call_steps *steps, uint64_t at_ms, const struct turn_step *step)
{
    if (steps->count == CALL_STEPS_MAX)
        return ERR_FULL;
    if (steps->count == steps->capacity) {
        size_t capacity = steps->capacity ? steps->capacity * 2 : 256;
        struct call_step *list = realloc(steps->list, capacity * sizeof *list);
        if (!list)
            return ERR_NOMEM;
        steps->list = list;
        steps->capacity = capacity;
    }
    steps->list[steps->count++] = (struct call_step){.at_ms = at_ms, .step = *step};
    return ERR_OK;
}

void call_steps_free(struct call_steps *steps)
{
    free(steps->list);
    *steps = (struct call_steps){0};
}
