/* The log as the settings want it: levels, flags, rate, and the keys that must not be in it. */
#pragma once

#include "main/settings.h"

/* ERR_BAD: `why` names the setting that cannot be read. */
must_use enum err logging_check(const struct settings *settings, char why[300]);
/* To stdout, of checked settings; before other threads are. `wake`: log_flush is wanted. */
void logging_start(const struct settings *settings, void (*wake)(void *owner), void *owner);
