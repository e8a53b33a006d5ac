/* moonline prompt TENANT [--turn TEXT] [--caller NUMBER] [--phase NAME]: the system prompt as the model would read it,
   and about how many tokens each part of it is. 0: printed; 1: the tenant has none; 2: not understood. */
#pragma once

#include "main/settings.h"

int command_prompt(const struct settings *settings, int argc, char **argv);
