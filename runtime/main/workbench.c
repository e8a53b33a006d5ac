#include "main/workbench.h"

#include "base/clock.h"

static void on_up(void *owner, bool is_up)
{
    if (is_up)
        workbench_stop(owner);
}

enum err workbench_open(
    struct workbench *workbench, const struct settings *settings, bool wants_database)
{
    *workbench = (struct workbench){0};
    struct database_options database = {.url = settings->database_url,
        .name = "moonline-workbench",
        .connections = 2,
        .max_waiting = 16,
        .on_up = on_up,
        .owner = workbench};
    enum err err = net_loop_create(&workbench->loop, "workbench", settings->ca_file);
    if (!err)
        err = net_timer_create(&workbench->timer, workbench->loop, workbench_stop, workbench);
    if (!err && wants_database && settings->database_url[0])
        err = database_open(&workbench->database, workbench->loop, &database);
    struct bindings_options bindings = {.loop = workbench->loop, .database = workbench->database};
    if (!err)
        err = bindings_create(&workbench->bindings, &bindings);
    if (err)
        workbench_close(workbench);
    return err;
}

void workbench_run(struct workbench *workbench, unsigned limit_ms)
{
    net_timer_set(workbench->timer, clock_ms() + limit_ms);
    net_loop_run(workbench->loop);
}

void workbench_stop(void *workbench)
{
    net_loop_stop(((struct workbench *)workbench)->loop);
}

bool workbench_reach_database(struct workbench *workbench, unsigned limit_ms)
{
    if (workbench->database && !database_is_up(workbench->database))
        workbench_run(workbench, limit_ms);
    return workbench->database && database_is_up(workbench->database);
}

void workbench_close(struct workbench *workbench)
{
    if (workbench->bindings)
        bindings_destroy(workbench->bindings);
    if (workbench->database)
        database_close(workbench->database);
    if (workbench->timer)
        net_timer_destroy(workbench->timer);
    if (workbench->loop)
        net_loop_destroy(workbench->loop);
    *workbench = (struct workbench){0};
}
