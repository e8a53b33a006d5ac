/* The script thread: its loop, the tenants' VMs, their database and REST requests. */
#pragma once

#include "bindings/bindings.h"
#include "live/live.h"
#include "main/settings.h"
#include "script/shelf.h"

struct script_thread;
/* `shelf`: where versions outlive the process; NULL for tools. */
must_use enum err script_thread_create(struct script_thread **out, const struct settings *settings,
    struct live *live, struct shelf *shelf);
struct script_host *script_thread_host(struct script_thread *thread);
/* Loads every tenant; `why` says what is wrong when none is live. Where scripts are published none need be: they come
   when the database answers. */
must_use enum err script_thread_load(struct script_thread *thread, char why[300]);
must_use enum err script_thread_start(struct script_thread *thread);
void script_thread_stop(struct script_thread *thread);    /* and joins */
void script_thread_destroy(struct script_thread *thread); /* NULL is fine */
/* The account that messages and transfers go over; none when it is not set. */
struct rest_settings script_thread_rest(const struct settings *settings);
