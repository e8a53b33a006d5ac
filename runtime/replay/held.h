/* What a check holds against a file: how much of it, and the first thing that differs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define HELD_TEXT_SIZE 320

struct held {
    uint64_t count;  /* things that were held against each other */
    bool differs;    /* and one differed: nothing after it is looked at */
    uint64_t record; /* its number in the file, from 0 */
    uint64_t at_ms;  /* since the call began */
    char what[32];   /* "voice", "state", "actions", … */
    char recorded[HELD_TEXT_SIZE];
    char now[HELD_TEXT_SIZE];
};

/* The first difference stays. */
void held_differ(struct held *held, uint64_t record, uint64_t at_ms, const char *what,
    struct slice recorded, struct slice now);
