/* moonline: one binary, subcommands. `call` and `sandbox` run moonline-sandbox beside it, so that speech synthesis and
   recognition for tests are not part of the production program. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/live.h"
#include "main/prompt_command.h"
#include "main/script_thread.h"
#include "main/serve.h"
#include "script/agent_table.h"
#include "store/migrate.h"

static int usage(FILE *to)
{
    fprintf(to,
        "moonline <command>\n"
        "  serve     answer calls (settings: environment or .env, see .env.example)\n"
        "  check     load every tenant's scripts and say what is wrong with them\n"
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

static int print_tenants(void)
{
    struct strbuf text;
    strbuf_init(&text, 1024 * 1024);
    agent_table_json(&text);
    printf("%s\n", text.data);
    bool has_failure = strstr(text.data, "\"status\":\"failed\"") != NULL;
    strbuf_free(&text);
    return has_failure;
}

static int run_check(const struct settings *settings)
{
    struct live_options options = {.settings = live_defaults};
    struct live *live;
    struct script_thread *script;
    if (live_create(&live, &options) != ERR_OK)
        return 1;
    char why[300];
    int status = 1;
    if (script_thread_create(&script, settings, live) == ERR_OK) {
        bool is_loaded = script_thread_load(script, why) == ERR_OK;
        status = print_tenants() || !is_loaded;
        if (!is_loaded)
            fprintf(stderr, "moonline: %s\n", why);
        script_thread_destroy(script);
    }
    live_destroy(live);
    return status;
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
        return run_check(&settings);
    if (strcmp(command, "prompt") == 0)
        return prompt_command(&settings, argc - 2, argv + 2);
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
