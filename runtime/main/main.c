/* moonline: one binary, subcommands. `call` and `sandbox` run moonline-sandbox beside it, so that speech synthesis and
   recognition for tests are not part of the production program. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/command_check.h"
#include "main/command_prompt.h"
#include "main/serve.h"
#include "store/migrate.h"

static int usage(FILE *to)
{
    fprintf(to,
        "moonline <command>\n"
        "  serve     answer calls (settings: environment or .env, see .env.example)\n"
        "  check     say what is wrong with the scripts: moonline check [TENANT] [--json]\n"
        "  prompt    print a tenant's prompt and its size: moonline prompt TENANT [--turn TEXT]\n"
        "  migrate   bring the database to this version's schema\n"
        "  call      place a test call: moonline call --to NUMBER --via HOST:PORT SCENARIO\n"
        "  sandbox   stand in for the providers on loopback: moonline sandbox [--listen "
        "HOST:PORT]\n"
        "  version\n");
    return to == stdout ? 0 : 2;
}

static int run_migrate(const struct settings *settings)
{
    if (!settings->database_url[0]) {
        fprintf(stderr, "moonline: DATABASE_URL is not set (see .env.example)\n");
        return 1;
    }
    char why[512];
    unsigned applied;
    if (store_migrate(settings->database_url, &applied, why) != ERR_OK) {
        fprintf(stderr, "moonline: migrate: %s\n", why);
        return 1;
    }
    printf("migrate: %u applied, the schema is current\n", applied);
    return 0;
}

/* Replaces this process by the sandbox's binary, which is built beside ours. */
static int run_sandbox(char **argv)
{
    if (strcmp(argv[1], "sandbox") == 0)
        argv[1] = "serve";
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len < 0)
        return 1;
    path[len] = 0;
    char binary[PATH_MAX + 32];
    snprintf(binary, sizeof binary, "%s/moonline-sandbox", dirname(path));
    execv(binary, argv);
    fprintf(stderr, "moonline: cannot run %s (make build makes it)\n", binary);
    return 1;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    static struct settings settings;
    settings_read(&settings);
    if (strcmp(command, "serve") == 0)
        return serve(&settings);
    if (strcmp(command, "check") == 0)
        return command_check(&settings, argc - 1, argv + 1);
    if (strcmp(command, "prompt") == 0)
        return command_prompt(&settings, argc - 1, argv + 1);
    if (strcmp(command, "migrate") == 0)
        return run_migrate(&settings);
    if (strcmp(command, "call") == 0 || strcmp(command, "sandbox") == 0)
        return run_sandbox(argv);
    if (strcmp(command, "version") == 0)
        return puts("moonline 0.1.0") < 0;
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)
        return usage(stdout);
    if (command[0])
        fprintf(stderr, "moonline: no command \"%s\"\n", command);
    return usage(stderr);
}
