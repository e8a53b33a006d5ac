/* What brings the count hook (script/vm.c) to a script that keeps it away: a timer of the calling thread whose signal
   lands in that same thread, again and again until disarmed. At the stack's limit the hook alone is never called, and
   between two of its calls there may be a thousand slow instructions. */
#pragma once

#include <stdint.h>

struct vm;

/* `knock` is called in a signal handler on this thread every `period_us` until watchdog_disarm. One at a time. */
void watchdog_arm(struct vm *vm, void (*knock)(struct vm *vm), uint64_t period_us);
void watchdog_disarm(void);
