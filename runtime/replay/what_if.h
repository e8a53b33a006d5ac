/* `--set`: which other settings a recorded call is simulated with, and what came of it, for people and as JSON.

   Runs stand beside each other: the call as it was, simulated with nothing changed (what the simulation is worth: it should be
   the same), and with each combination of the settings. */
#pragma once

#include <jansson.h>

#include "replay/seen_turns.h"
#include "replay/simulate.h"

#define WHAT_IF_RUNS_MAX 202 /* 200 combinations */
#define WHAT_IF_SETTINGS_MAX 16

struct what_if_setting {
    const char *name; /* of turn_setting_name */
    uint32_t from, to, step;
};

struct what_if {
    struct what_if_setting settings[WHAT_IF_SETTINGS_MAX];
    unsigned count;
};

/* One more, as `turn.silence_ms=700` or, for a table, `turn.silence_ms=400..900:100`. `why` says what is wrong with it, and
   what there is. */
must_use enum err what_if_add(struct what_if *what_if, const char *text, char why[1024]);
unsigned what_if_combinations(const struct what_if *what_if); /* 0: more than there may be */

struct what_if_run {
    char label[256];
    struct simulation_change change;
    struct seen_turns turns; /* of all calls */
    struct seen_sums sums;
    unsigned endless; /* calls whose simulation does not come to an end */
};

struct what_if_runs {
    struct what_if_run *list;
    unsigned count;
    unsigned calls;
    struct seen_turns
        first_call[3]; /* as it was, nothing changed, the first combination: of the only call */
    unsigned turns_compared, turns_alike; /* between as it was and nothing changed */
    uint32_t most_apart_ms;               /* of those that are alike */
};

must_use enum err what_if_begin(struct what_if_runs *runs, const struct what_if *what_if);
/* The next call. ERR_BAD: it has no steps, or none that a caller took part in; `why` says so. */
must_use enum err what_if_take(
    struct what_if_runs *runs, const struct call_steps *steps, char why[1024]);
must_use enum err what_if_finish(struct what_if_runs *runs); /* sums */
void what_if_end(struct what_if_runs *runs);

/* what_if_report.c */
void what_if_print(struct strbuf *out, const struct what_if_runs *runs);
json_t *what_if_json(const struct what_if_runs *runs); /* NULL: no memory */
