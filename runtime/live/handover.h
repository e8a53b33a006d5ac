/* A transfer that waits for the words before it: what is to be done then. handover.c does it. */
#pragma once

#include "bindings/call_ops.h"

#define HANDOVER_NUMBER_SIZE 32
#define HANDOVER_STATUS_SIZE 64 /* "no-answer +15550100099" */
#define HANDOVER_RINGS_S 20

struct handover_plan {
    char to[HANDOVER_NUMBER_SIZE];
    char *say;     /* by the carrier, before it dials */
    char *whisper; /* to who picks up; "": the two are connected at once */
    unsigned timeout_s;
    enum transfer_then then;
};
struct handover_plan *handover_plan(const struct call_transfer *transfer); /* NULL: no memory */
/* With nothing to be said. */
struct handover_plan *handover_plan_to(const char *number, enum transfer_then then);
void handover_plan_free(struct handover_plan *plan); /* NULL is fine */
