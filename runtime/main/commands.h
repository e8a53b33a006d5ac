/* What `moonline <name> …` runs, one file a command. `argv[0]` is the command's name, with the program's
   before it, and `argv[argc]` is NULL. The answer is the exit status: 0 done, 1 it did not work (stderr says why), 2 used
   wrongly. */
#pragma once

#include <stdbool.h>

#include "main/settings.h"

#define MOONLINE_VERSION "0.1.0"

struct command {
    const char *name;
    const char *usage; /* what follows the name; "" */
    const char *summary;
    int (*run)(const struct settings *settings, int argc, char **argv);
};

/* Says how it is used; the status is 2. */
int command_misused(const char *name, const char *what);
/* False: it is none, and stderr says so. */
bool command_is_tenant(const char *tenant_id);
/* "/api/tenants/<id>/<verb>". False: that is no tenant's name, and stderr says so. */
bool command_tenant_path(char path[300], const char *tenant_id, const char *verb);

int command_check(const struct settings *settings, int argc, char **argv);
int command_prompt(const struct settings *settings, int argc, char **argv);
int command_replay(const struct settings *settings, int argc, char **argv);
int command_journal(const struct settings *settings, int argc, char **argv);
int command_log(const struct settings *settings, int argc, char **argv);
int command_top(const struct settings *settings, int argc, char **argv);
int command_migrate(const struct settings *settings, int argc, char **argv);
int command_chat(const struct settings *settings, int argc, char **argv);
int command_test(const struct settings *settings, int argc, char **argv);
int command_sandbox(const struct settings *settings, int argc, char **argv);
int command_reload(const struct settings *settings, int argc, char **argv);
int command_versions(const struct settings *settings, int argc, char **argv);
int command_rollback(const struct settings *settings, int argc, char **argv);
int command_promote(const struct settings *settings, int argc, char **argv);
int command_diff(const struct settings *settings, int argc, char **argv);
int command_publish(const struct settings *settings, int argc, char **argv);
int command_providers(const struct settings *settings, int argc, char **argv);
int command_usage(const struct settings *settings, int argc, char **argv);
int command_budget(const struct settings *settings, int argc, char **argv);
int command_tenant(const struct settings *settings, int argc, char **argv);
/* Verbs of `tenant`. */
int command_tenant_new(const struct settings *settings, int argc, char **argv);
int command_tenant_erase(const struct settings *settings, int argc, char **argv);
int command_tenant_scan(const struct settings *settings, int argc, char **argv);
