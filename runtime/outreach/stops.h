/* Who opted out a moment ago, as this process has heard it: what is said to a webhook or in a call is on its way to Postgres, and
   until it stands there no text is asked for here. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* For half a minute; at 1024 the oldest goes. */
void stops_note(struct slice tenant_id, struct slice number);
void stops_forget(struct slice tenant_id, struct slice number); /* wants texts again */
bool stops_has(struct slice tenant_id, struct slice number);
