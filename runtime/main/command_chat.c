#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings/bindings.h"
#include "main/commands.h"
#include "main/script_thread.h"
#include "main/thinker.h"
#include "observe/log.h"
#include "rehearsal/chat.h"
#include "script/agent_table.h"

struct chat_arguments {
    const char *tenant;
    const char *caller;
    const char *record;
    bool is_text;
    bool is_dry;
};

/* What a chat is made of; all on one loop. */
struct parts {
    struct net_loop *loop;
    struct database *database;
    struct bindings *bindings;
    struct script_host *host;
    struct chat_desk desk;
    struct chat *chat;
    struct thinker thinker;
};

static bool read_arguments(struct chat_arguments *arguments, int argc, char **argv)
{
    *arguments = (struct chat_arguments){.caller = "+15550100123"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dry") == 0)
            arguments->is_dry = true;
        else if (strcmp(argv[i], "--text") == 0)
            arguments->is_text = true;
        else if (strcmp(argv[i], "--caller") == 0 && i + 1 < argc)
            arguments->caller = argv[++i];
        else if (strcmp(argv[i], "--record") == 0 && i + 1 < argc)
            arguments->record = argv[++i];
        else if (argv[i][0] != '-' && !arguments->tenant)
            arguments->tenant = argv[i];
        else
            return false;
    }
    return arguments->tenant != NULL;
}

static enum err open_scripts(
    struct parts *parts, const struct settings *settings, const struct chat_arguments *arguments)
{
    enum err err = net_loop_create(&parts->loop, "chat", settings->ca_file);
    struct database_options database = {.url = settings->database_url,
        .name = "moonline-chat",
        .connections = 2,
        .max_waiting = 64};
    if (!err && !arguments->is_dry && settings->database_url[0])
        err = database_open(&parts->database, parts->loop, &database);
    parts->desk.is_dry = arguments->is_dry;
    struct bindings_options bindings = {.loop = parts->loop,
        .database = parts->database,
        .rest = script_thread_rest(settings),
        .call_ops = &chat_call_ops,
        .call_ops_owner = &parts->desk,
        .stubs = &chat_stub_ops,
        .stubs_owner = &parts->desk,
        .allow_private_http = settings->allow_private_http,
        .secrets_path = settings->secrets};
    if (!err)
        err = bindings_create(&parts->bindings, &bindings);
    if (err)
        return err;
    struct script_host_options host = {.scripts_path = settings->scripts,
        .lua_library = bindings_library(parts->bindings),
        .knowledge = parts->database ? bindings_knowledge(parts->bindings) : NULL,
        .business = bindings_business(parts->bindings)};
    err = script_host_create(&parts->host, parts->loop, &host);
    if (!err)
        script_host_load(parts->host);
    return err;
}

static enum err open_chat(
    struct parts *parts, const struct settings *settings, const struct chat_arguments *arguments)
{
    char why[CATALOG_WHY_SIZE];
    enum err err = open_scripts(parts, settings, arguments);
    if (!err && thinker_open(&parts->thinker, settings, why)) {
        fprintf(stderr, "moonline: chat: %s\n", why);
        err = ERR_REFUSED;
    }
    struct chat_options options = {.loop = parts->loop,
        .host = parts->host,
        .tenant_id = arguments->tenant,
        .caller = arguments->caller,
        .llm_ops = parts->thinker.ops,
        .llm = parts->thinker.settings,
        .is_text = arguments->is_text,
        .is_dry = arguments->is_dry,
        .record = arguments->record,
        .out = stdout};
    return err ? err : chat_open(&parts->chat, &options, &parts->desk);
}

static void close_parts(struct parts *parts)
{
    chat_close(parts->chat);
    if (parts->host)
        script_host_destroy(parts->host);
    bindings_destroy(parts->bindings);
    if (parts->database)
        database_close(parts->database);
    if (parts->loop)
        net_loop_destroy(parts->loop);
    thinker_close(&parts->thinker);
    agent_table_clear();
}

static void talk(struct parts *parts)
{
    bool is_terminal = isatty(STDIN_FILENO);
    char *line = NULL;
    size_t size = 0;
    bool goes_on = chat_greet(parts->chat);
    while (goes_on) {
        if (is_terminal)
            printf("> ");
        fflush(stdout);
        ssize_t len = getline(&line, &size, stdin);
        if (len < 0)
            break;
        line[strcspn(line, "\r\n")] = 0;
        if (!is_terminal)
            printf("> %s\n", line);
        goes_on = chat_line(parts->chat, line);
    }
    free(line);
    chat_end(parts->chat);
}

int command_chat(const struct settings *settings, int argc, char **argv)
{
    struct chat_arguments arguments;
    struct parts parts = {0};
    if (!read_arguments(&arguments, argc, argv)) {
        fprintf(
            stderr, "moonline: chat TENANT [--text] [--dry] [--caller NUMBER] [--record FILE]\n");
        return 2;
    }
    log_set_level(LOG_ERROR);
    enum err err = open_chat(&parts, settings, &arguments);
    if (err == ERR_NOT_FOUND)
        fprintf(stderr, "moonline: no tenant %s loads from %s/tenants (moonline check says why)\n",
            arguments.tenant, settings->scripts);
    else if (err)
        fprintf(stderr, "moonline: chat: %s\n", err_name(err));
    else
        talk(&parts);
    int status = err || chat_failures(parts.chat);
    close_parts(&parts);
    return status;
}
