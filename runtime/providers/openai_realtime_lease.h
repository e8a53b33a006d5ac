/* How long a session lasts, and when the next one must be there. Pure.

       session begins ──────── renew ─────── leave_by ── expires
                               open another  use it, even in the middle of a word

   `renew` is a minute before the end, or a tenth of a life shorter than ten minutes. */
#pragma once

#include <stdint.h>

struct realtime_lease {
    uint64_t renew_ms; /* monotonic; 0: no end is known */
    uint64_t leave_by_ms;
};

/* `expires_at_s` and `wall_ms` count from 1970, `now_ms` is the same moment on the monotonic clock. An end that lies in
   the past or further off than a day says that the clocks disagree: as if it were not told. */
struct realtime_lease realtime_lease(uint64_t expires_at_s, uint64_t wall_ms, uint64_t now_ms);
