#include "replay/held.h"

void held_differ(struct held *held, uint64_t record, uint64_t at_ms, const char *what,
    struct slice recorded, struct slice now)
{
    if (held->differs)
        return;
    held->differs = true;
    held->record = record;
    held->at_ms = at_ms;
    slice_copy(slice_from(what), held->what, sizeof held->what);
    slice_copy(recorded, held->recorded, sizeof held->recorded);
    slice_copy(now, held->now, sizeof held->now);
}
