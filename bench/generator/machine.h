/* What the machine did during a window: CPU of the processes under test by their own clocks (all threads, ended
   ones too), what other jobs took, what the hypervisor stole. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "generator/options.h"

struct machine {
    uint64_t at_us;
    double server_s;  /* CPU seconds so far */
    double own_s;     /* of this process */
    double helpers_s; /* stand-ins and what else is part of the run */
    double others_s;  /* every other process but those of idle priority, ended children included */
    double steal_s;
    double total_s; /* all CPUs, all states */
    uint64_t server_rss_bytes;
};

void machine_read(struct machine *machine, const struct options *options);

/* Shares of one core, and of all cores for steal. */
struct machine_use {
    double seconds;
    double server_s;
    double own_share;
    double helpers_share;
    double others_share;
    double steal_share;
};
struct machine_use machine_between(const struct machine *from, const struct machine *to);
