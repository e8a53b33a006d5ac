/* Numbered SQL files (runtime/store/migrations, built into the binary), applied in order under an advisory lock. Blocking:
   for `moonline migrate` and tests. */
#pragma once

#include <stddef.h>

#include "base/err.h"

must_use enum err store_migrate(const char *database_url, unsigned *applied, char why[512]);
