/* A call as the steps of its engine, in order: recorded ones, or those of a simulation. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "callflow/turn_codec.h"

#define CALL_STEPS_MAX 1000000 /* more are no call */

struct call_step {
    uint64_t at_ms; /* since the call began, by the clock that the engine was given */
    struct turn_step step;
};

struct call_steps {
    struct turn_settings settings; /* the engine began with */
    struct call_step *list;
    size_t count, capacity;
};

/* ERR_FULL: it has CALL_STEPS_MAX. */
must_use enum err call_steps_add(
    struct call_steps *steps, uint64_t at_ms, const struct turn_step *step);
void call_steps_free(struct call_steps *steps);
