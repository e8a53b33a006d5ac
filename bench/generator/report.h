/* What a run showed: a short text for people, all of it as JSON. */
#pragma once

#include "generator/call.h"
#include "generator/machine.h"

struct report {
    struct machine before;   /* before the first call */
    struct machine from, to; /* the window */
    unsigned window_up;      /* calls up when it began */
};

/* The exit status: 0 when the result could be written, whatever it says. */
int report_write(const struct report *report, struct fleet *fleet);
