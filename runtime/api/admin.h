/* The admin port, on the control thread: health, metrics, what the console reads, and a tenant's versions. */
#pragma once

#include <stdatomic.h>

#include "api/call_notes.h"
#include "api/call_traces.h"
#include "api/script_desk.h"
#include "live/live.h"
#include "net/server.h"
#include "store/publications.h"
#include "store/records.h"

struct admin_options {
    const char *listen;
    struct records *records;
    struct call_notes *notes;
    const struct call_traces *traces;
    struct live *live;
    struct script_desk *desk;
    struct publications *publications; /* NULL: scripts come from files */
    struct database *database;         /* for questions about usage */
    const char *log_levels; /* of the start, and its flags: PUT /api/logging goes back to them */
    const char *log_flags;
    const atomic_bool *is_draining; /* readiness is off while it is set */
};

struct admin;
must_use enum err admin_start(
    struct admin **out, struct net_loop *loop, const struct admin_options *options, char why[200]);
void admin_destroy(struct admin *admin); /* after the publications, before the desk */
