/* What commands that look at tenants' scripts work with, instead of a whole server: a loop, what scripts may call, and
   the database where one is wanted. Nothing is placed, sent or recorded. */
#pragma once

#include "bindings/bindings.h"
#include "main/settings.h"

struct workbench {
    struct net_loop *loop;
    struct net_timer *timer;   /* ends a workbench_run */
    struct database *database; /* NULL: none was wanted, or its address is no address */
    struct bindings *bindings;
};

must_use enum err workbench_open(
    struct workbench *workbench, const struct settings *settings, bool wants_database);
/* Runs the loop until workbench_stop, or as long as that. */
void workbench_run(struct workbench *workbench, unsigned limit_ms);
void workbench_stop(void *workbench);
/* Waits for the first connection; false: there is none in time. */
bool workbench_reach_database(struct workbench *workbench, unsigned limit_ms);
void workbench_close(struct workbench *workbench);
