/* What a recorded call would have been with other settings: the engine on a virtual clock, the caller as recorded, whatever it
   waits for taking as long as it took in the same place, or as long as is usual in this call where the place is new. Pure.

   It is no replay: the engine may take other turns, and then the caller goes on as recorded all the same (a pause in a
   sentence is as long as it was; an answer comes as long after the agent's last word as it came), which is the limit of it.
   With no change it gives the recorded decisions again, at the recorded times but for what timers were late. */
#pragma once

#include "replay/simulate_plan.h"

#define SIMULATION_SETTINGS_MAX 64

/* Settings that are other than recorded, in every phase of the conversation. */
struct simulation_change {
    unsigned count;
    struct {
        const char *name; /* of turn_setting_name */
        uint32_t value;
    } list[SIMULATION_SETTINGS_MAX];
};

/* `out` is empty, or freed by the caller whatever comes back. ERR_FULL: it does not come to an end. */
must_use enum err simulate(struct call_steps *out, const struct simulation_plan *plan,
    const struct simulation_change *change);
