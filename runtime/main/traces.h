/* Where spans of calls go: to the collector, if there is one, to Postgres, and to whoever asks the admin port. On the control
   thread; calls hand theirs over through a mailbox. */
#pragma once

#include "api/call_traces.h"
#include "main/settings.h"
#include "store/records.h"
#include "telemetry/exporter.h"

struct traces;
struct traces_options {
    const struct settings *settings;
    const char *node; /* outlives it, as the settings do */
    struct records *records;
};
/* ERR_BAD: the collector's address or headers cannot be read. */
must_use enum err traces_open(
    struct traces **out, struct net_loop *loop, const struct traces_options *options);
struct mailbox *traces_mailbox(struct traces *traces); /* of struct trace_batch */
struct call_traces *traces_recent(struct traces *traces);
/* When the calls are over: runs the loop until the collector has what waits, two seconds at most. NULL is fine, here and below. */
void traces_drain(struct traces *traces);
void traces_close(struct traces *traces); /* after those who hand over, before the records */
