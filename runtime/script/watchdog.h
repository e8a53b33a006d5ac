/* The second line of defence against a script that does not end: a timer on the CPU time of the calling thread whose
   signal lands in that same thread. The count hook (script/vm.c) is the first; it cannot fire at the stack's limit,
   where a `pcall` loop may stay for ever. */
#pragma once

#include <stdint.h>

struct vm;

/* `trip` is called in a signal handler on this thread after `cpu_us` more CPU time, unless disarmed. One at a time. */
void watchdog_arm(struct vm *vm, void (*trip)(struct vm *vm), uint64_t cpu_us);
void watchdog_disarm(void);
