/* What `moonline <name> …` runs, one file a command. `argv[0]` is the command's name, with the program's
   before it, and `argv[argc]` is NULL. The answer is the exit status: 0 done, 1 it did not work (stderr says why), 2 used
   wrongly. */
#pragma once

#include "main/settings.h"

struct command {
    const char *name;
    const char *usage; /* what follows the name; "" */
    const char *summary;
    int (*run)(const struct settings *settings, int argc, char **argv);
};

int command_check(const struct settings *settings, int argc, char **argv);
int command_prompt(const struct settings *settings, int argc, char **argv);
int command_migrate(const struct settings *settings, int argc, char **argv);
int command_sandbox(const struct settings *settings, int argc, char **argv);
