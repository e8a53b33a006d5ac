/* What was used of providers, for the process's metrics. */
#pragma once

#include "routing/usage.h"

/* What is new of the line since it was kept. */
void spending_count(const struct usage_line *line);
