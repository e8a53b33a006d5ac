/* How late the loop of a thread beside the media threads comes by: moonline_loop_lag_seconds. A timer every 50 ms looks at
   its own lateness, so the thread's own work is not touched. */
#pragma once

#include "net/loop.h"
#include "observe/metrics.h"

struct loop_lag;
/* From now on, for as long as it runs. */
must_use enum err loop_lag_start(
    struct loop_lag **out, struct net_loop *loop, enum side_thread thread);
void loop_lag_stop(
    struct loop_lag *lag); /* on its loop's thread, or when that is over; NULL is fine */
