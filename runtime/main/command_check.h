/* moonline check [TENANT] [--json]: what is wrong with the scripts, a line each, as a compiler says it. 0: nothing, or
   warnings only; 1: errors; 2: not understood. --json is for editors: [{"file", "line", "level", "message"}]. */
#pragma once

#include "main/settings.h"

int command_check(const struct settings *settings, int argc, char **argv);
