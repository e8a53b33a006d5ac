/* A tenant with an agent of a test's own, and conversations held with it. */
#pragma once

#include "rehearsal/rehearsal.h"
#include "unit/script/scripts_folder.h"

struct studio {
    struct scripts_folder folder;
    enum err err; /* of the last rehearsal */
    struct rehearsal_sum sum;
    char why[2048]; /* what the last conversation failed for, or the rehearsal; "": it did not */
    char transcript[8192]; /* of the last conversation */
    uint64_t virtual_ms;
};

int studio_setup(void **state);
int studio_teardown(void **state);
void studio_write(struct studio *studio, const char *name, const char *text);
/* Holds what agent_test.lua returns: `conversations` is what stands in its braces. */
void studio_hold(struct studio *studio, const char *conversations);
/* They hold. */
void studio_holds(struct studio *studio, const char *conversations);
/* The first of them fails, and the reason contains `part`. */
void studio_fails(struct studio *studio, const char *conversations, const char *part);
