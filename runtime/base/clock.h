/* The clocks, for drivers. Pure code (media, text, callflow) gets its time as an argument. */
#pragma once

#include <stdint.h>

uint64_t clock_ms(void);            /* monotonic */
uint64_t clock_us(void);            /* monotonic */
uint64_t clock_wall_ms(void);       /* since 1970, UTC */
uint64_t clock_thread_cpu_us(void); /* CPU time of the calling thread */
/* "2026-01-02T03:04:05.678Z" */
#define CLOCK_TEXT_SIZE 25
void clock_wall_text(uint64_t wall_ms, char out[CLOCK_TEXT_SIZE]);
