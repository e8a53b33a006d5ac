/* What people must mend is told once in a while instead of by each of a thousand calls. Time is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define REMINDERS_KEPT                                                                             \
    64 /* subjects; past it the one that is due first is forgotten, and told again */
#define REMINDER_EVERY_MS 60000
#define REMINDER_SUBJECT_SIZE 192

struct reminders {
    struct {
        char subject[REMINDER_SUBJECT_SIZE]; /* "": free */
        uint64_t due_ms;
        unsigned untold; /* since it was told */
    } list[REMINDERS_KEPT];
};

/* True: it is to be told now, and was not for so many times before. A longer subject counts by its beginning. */
bool reminders_due(
    struct reminders *reminders, const char *subject, uint64_t now_ms, unsigned *untold);
