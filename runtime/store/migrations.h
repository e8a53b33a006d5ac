/* The SQL files of runtime/store/migrations, built into the binary in their order. */
#pragma once

#include <stddef.h>

struct migration {
    unsigned number;
    const char *name;
    const char *sql; /* terminated */
};

extern const struct migration MIGRATIONS[];
extern const size_t MIGRATION_COUNT;
/* What only a superuser can do; see the file. */
extern const char MIGRATION_FENCE[];
