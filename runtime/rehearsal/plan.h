/* A conversation of agent_test.lua, read: its steps are plain data, its stubs stay in the file's VM. Private to rehearsal. */
#pragma once

#include "rehearsal/test_file.h"

struct plan {
    char name[160];
    char caller[40];
    char called[40]; /* "": the agent's first number */
    char now[32];
    char recorded[96];
    json_t *latency;  /* NULL: the usual */
    json_t *incoming; /* what the carrier tells of the caller; NULL: nothing */
    json_t *steps;
    int stubs_ref;
    unsigned line;
    unsigned *step_lines; /* one a step */
};

/* The conversation number `index`. `why` is "agent_test.lua:12: message". */
must_use enum err plan_open(struct plan *plan, struct test_file *file, size_t index, char why[512]);
void plan_close(struct plan *plan);
