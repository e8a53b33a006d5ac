#include "routing/reminders.h"

#include <string.h>

#include "base/slice.h"

/* Where the subject is; else the one that is forgotten for it. */
static unsigned find(const struct reminders *reminders, const char *subject)
{
    unsigned first = 0;
    for (unsigned i = 0; i < REMINDERS_KEPT; i++) {
        if (strncmp(reminders->list[i].subject, subject, REMINDER_SUBJECT_SIZE - 1) == 0)
            return i;
        if (reminders->list[i].due_ms < reminders->list[first].due_ms)
            first = i;
    }
    return first;
}

bool reminders_due(
    struct reminders *reminders, const char *subject, uint64_t now_ms, unsigned *untold)
{
    unsigned at = find(reminders, subject);
    char *known = reminders->list[at].subject;
    bool is_known = strncmp(known, subject, REMINDER_SUBJECT_SIZE - 1) == 0;
    if (is_known && now_ms < reminders->list[at].due_ms) {
        reminders->list[at].untold++;
        return false;
    }
    *untold = is_known ? reminders->list[at].untold : 0;
    slice_copy(slice_from(subject), known, REMINDER_SUBJECT_SIZE);
    reminders->list[at].due_ms = now_ms + REMINDER_EVERY_MS;
    reminders->list[at].untold = 0;
    return true;
}
