/* `moonline serve`: the threads of docs/architecture.md, from start to drained end. */
#pragma once

#include "main/settings.h"

int serve(const struct settings *settings); /* the exit status */
