/* What the control thread does for the businesses beside their live calls: texts are answered and sent, calls that tasks asked
   for are placed, recordings fetched and heard, and what tenants wish is looked after. All on the control loop. */
#pragma once

#include <stdatomic.h>

#include "live/live.h"
#include "main/settings.h"
#include "script/host.h"
#include "store/records.h"

struct office_options {
    const struct settings *settings;
    struct net_loop *loop;
    const char *node; /* this process's name among those on the same database */
    struct script_host *script;
    struct records *records;
    const struct live *live;
    const atomic_bool *is_draining; /* no call is placed while it is set */
};

struct office;
must_use enum err office_open(struct office **out, const struct office_options *options);
/* No text is answered any more but those under way. */
void office_drain(struct office *office);
bool office_is_answering(const struct office *office);
/* Runs the loop until the carrier has answered for what it has, ten seconds at most: without that nobody would know of a text
   whether it went out. Media and script threads have ended. NULL is fine. */
void office_close(struct office *office);
