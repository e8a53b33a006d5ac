/* A clock that only moves when a test says so, in place of the loop's: net_loop_now_ms and net_timer_* are wrapped by the linker. */
#pragma once

#include <stdint.h>

void virtual_begin(void);
void virtual_run_for(uint64_t ms); /* timers that fall due meanwhile fire, each at its time */
unsigned virtual_timers(void);     /* that were not destroyed */
