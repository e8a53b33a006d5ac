/* moonline: one binary, subcommands. */
#include <stdio.h>
#include <string.h>

#include "main/commands.h"
#include "main/serve.h"

static int run_serve(const struct settings *settings, int argc, char **argv)
{
    return serve(settings);
}

static int run_version(const struct settings *settings, int argc, char **argv)
{
    return puts("moonline " MOONLINE_VERSION) < 0;
}

static int run_help(const struct settings *settings, int argc, char **argv);

static const struct command commands[] = {
    {"serve", "", "answer calls (settings: environment or .env, see .env.example)", run_serve},
    {"check", "[TENANT] [--json]", "say what is wrong with the scripts", command_check},
    {"prompt", "TENANT [--turn TEXT]", "print a tenant's prompt and its size", command_prompt},
    {"test", "[TENANT …] [--filter TEXT]",
        "hold the conversations of agent_test.lua, in virtual time", command_test},
    {"chat", "TENANT [--dry] [--caller NUMBER] [--record FILE]", "talk to a tenant's agent in text",
        command_chat},
    {"replay",
        "FILE [--out DIR] [--json] [--key-file FILE] | --check DIR | FILE --set turn.NAME=VALUE | "
        "FILE --scripts DIR | SOUND [--tenant TENANT]",
        "run a captured call again, and say where this build differs; or with other settings, or "
        "scripts",
        command_replay},
    {"reload", "[TENANT]", "look at the scripts again, and say what came of it", command_reload},
    {"versions", "TENANT", "say which versions there are and which answers", command_versions},
    {"diff", "TENANT [VERSION [VERSION]]",
        "between two versions; \"live\" and \"files\" are some, and what is compared without any",
        command_diff},
    {"rollback", "TENANT [VERSION]", "let an earlier version answer", command_rollback},
    {"promote", "TENANT", "let the canary answer all calls", command_promote},
    {"publish", "[--dir DIR] TENANT [--canary N] [--note TEXT]",
        "give the scripts to every node that has them from the database", command_publish},
    {"providers", "[--file FILE] [--check]",
        "say whom calls ask; what a file lists; whether they answer", command_providers},
    {"usage", "[TENANT] [--from DAY] [--to DAY] [--by day|call|provider] [--csv]",
        "say what calls used of providers, and what that cost", command_usage},
    {"budget", "TENANT [--day USD] [--month USD] [--day-minutes N] [--month-minutes N] [--none]",
        "say or set what a tenant may spend", command_budget},
    {"tenant",
        "new SLUG [--name TEXT] [--number N] | show TENANT | erase-contact TENANT PERSON | scan "
        "TENANT WHAT",
        "begin a tenant; say what one knows, and from where; take a person out; find who is told "
        "of",
        command_tenant},
    {"journal", "[refused|retry]",
        "say what waits for the database, or what it refused; send that once more",
        command_journal},
    {"log",
        "[level SPEC | call NUMBER|CALLSID [--minutes N] [--ws] | tenant TENANT … | debug FLAGS | "
        "rate N | off]",
        "say or change what is logged, while calls go on", command_log},
    {"top", "[--once] [--json] [--every SECONDS] [--admin HOST:PORT]",
        "watch the calls, threads and providers of the server that runs here", command_top},
    {"migrate", "", "bring the database to this version's schema", command_migrate},
    {"call", "--to NUMBER --via HOST:PORT SCENARIO", "place a test call", command_sandbox},
    {"text", "--to NUMBER --via HOST:PORT WORDS", "send a test text, as a person would",
        command_sandbox},
    {"sandbox", "[--listen HOST:PORT]", "stand in for the providers on loopback", command_sandbox},
    {"version", "", "say which this is", run_version},
    {"help", "", "say this", run_help},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_usage(FILE *to)
{
    fprintf(to, "moonline <command>\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char line[120];
        snprintf(line, sizeof line, "%s %s", commands[i].name, commands[i].usage);
        bool is_long = strlen(line) > 26;
        fprintf(
            to, is_long ? "  %s\n  %-26s  %s\n" : "  %-26s%s  %s\n", line, "", commands[i].summary);
    }
}

static int run_help(const struct settings *settings, int argc, char **argv)
{
    print_usage(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    static struct settings settings;
    settings_read(&settings);
    if (strcmp(name, "--help") == 0)
        name = "help";
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(&settings, argc - 1, argv + 1);
    if (name[0])
        fprintf(stderr, "moonline: no command \"%s\"\n", name);
    print_usage(stderr);
    return 2;
}
