/* The terminal while `moonline top` has it: the alternate screen, keys as they are typed, and all as it was before at the
   end, whichever that is: a key, a signal, an exit, an abort, and as long as the process is stopped by Ctrl-Z.

   Plain ANSI: clearing and drawing a page of lines once a second is three sequences, which every terminal since the VT100
   and its emulators takes; curses would be a library more for that. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

enum screen_event {
    SCREEN_NOTHING, /* the time is over */
    SCREEN_KEY,
    SCREEN_CHANGED, /* another size, or we were away: it is to be drawn anew */
    SCREEN_OVER,    /* SIGINT, SIGTERM, SIGHUP, SIGQUIT, or the terminal is gone */
};

bool screen_is_there(void); /* there are a terminal to write to and one to read keys from */
bool screen_open(void);     /* false: it cannot be had; once a process */
/* Signals come here only. SCREEN_OVER is told from then on each time. */
enum screen_event screen_wait(unsigned timeout_ms, char *key);
void screen_size(unsigned *columns, unsigned *rows); /* 80 × 24 when it does not say */
/* Lines between '\n', within the size. Nothing happens when it is not open. */
void screen_show(struct slice page);
void screen_close(void); /* at any time, also when it was not opened */
