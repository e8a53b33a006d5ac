#include "main/script_thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "main/loop_lag.h"
#include "main/rehearsal_thread.h"
#include "observe/log.h"
#include "script/agent_table.h"

#define DATABASE_CONNECTIONS 4
#define DATABASE_WAITING_MAX 1024
#define MAILBOX_CAPACITY 4096

struct script_thread {
    pthread_t thread;
    bool is_running;
    const struct settings *settings;
    struct live *live;
    struct shelf *shelf;
    struct net_loop *loop;
    struct net_wake *stop;
    struct loop_lag *lag;
    struct database *database;
    struct bindings *bindings;
    struct script_host *host;
    struct rehearsal_thread *rehearsal;
};

static void on_stop(void *owner)
{
    struct script_thread *thread = owner;
    net_loop_stop(thread->loop);
}

struct rest_settings script_thread_rest(const struct settings *settings)
{
    bool has_account = settings->twilio_account_sid[0] && settings->twilio_auth_token[0];
    return (struct rest_settings){.base_url = settings->twilio_api_base_url,
        .account_sid = has_account ? settings->twilio_account_sid : NULL,
        .auth_token = settings->twilio_auth_token};
}

static enum err open_parts(struct script_thread *thread, struct live *live)
{
    const struct settings *settings = thread->settings;
    enum err err = net_loop_create(&thread->loop, "script", settings->ca_file);
    if (err == ERR_OK)
        err = net_wake_create(&thread->stop, thread->loop, on_stop, thread);
    if (err == ERR_OK)
        err = loop_lag_start(&thread->lag, thread->loop, SIDE_SCRIPT);
    struct database_options database = {.url = settings->database_url,
        .name = "moonline-scripts",
        .connections = DATABASE_CONNECTIONS,
        .max_waiting = DATABASE_WAITING_MAX};
    if (err == ERR_OK)
        err = database_open(&thread->database, thread->loop, &database);
    struct bindings_options bindings = {.loop = thread->loop,
        .database = thread->database,
        .rest = script_thread_rest(settings),
        .call_ops = live_call_ops(live),
        .call_ops_owner = live,
        .allow_private_http = settings->allow_private_http,
        .secrets_path = settings->secrets};
    if (err == ERR_OK)
        err = bindings_create(&thread->bindings, &bindings);
    if (err != ERR_OK)
        return err;
    err = rehearsal_thread_create(&thread->rehearsal, settings->scripts);
    struct script_host_options host = {.scripts_path = settings->scripts,
        .lua_library = bindings_library(thread->bindings),
        .knowledge = bindings_knowledge(thread->bindings),
        .business = bindings_business(thread->bindings),
        .shelf = thread->shelf,
        .keeps_published = settings_scripts_are_published(settings),
        .mailbox_capacity = MAILBOX_CAPACITY,
        .try_version = rehearsal_thread_try,
        .try_owner = thread->rehearsal};
    return err ? err : script_host_create(&thread->host, thread->loop, &host);
}

enum err script_thread_create(struct script_thread **out, const struct settings *settings,
    struct live *live, struct shelf *shelf)
{
    struct script_thread *thread = calloc(1, sizeof *thread);
    if (!thread)
        return ERR_NOMEM;
    thread->settings = settings;
    thread->live = live;
    thread->shelf = shelf;
    enum err err = open_parts(thread, live);
    if (err != ERR_OK) {
        script_thread_destroy(thread);
        return err;
    }
    live_set_script(live, thread->host);
    *out = thread;
    return ERR_OK;
}

struct script_host *script_thread_host(struct script_thread *thread)
{
    return thread->host;
}

enum err script_thread_load(struct script_thread *thread, char why[300])
{
    const char *scripts = thread->settings->scripts;
    char path[512];
    struct stat info;
    if (settings_scripts_are_published(thread->settings)) {
        log_info("script.published", "tenants=%zu", script_host_load(thread->host));
        return ERR_OK;
    }
    snprintf(path, sizeof path, "%s/tenants", scripts);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        snprintf(why, 300, "MOONLINE_SCRIPTS is %.100s, but there is no readable folder %.120s",
            scripts, path);
        return ERR_NOT_FOUND;
    }
    if (script_host_load(thread->host) == 0) {
        snprintf(why, 300, "no tenant below %.120s loads (the log lines above say why)", path);
        return ERR_BAD;
    }
    return ERR_OK;
}

static void *run(void *owner)
{
    struct script_thread *thread = owner;
    net_loop_run(thread->loop);
    return NULL;
}

enum err script_thread_start(struct script_thread *thread)
{
    enum err err = rehearsal_thread_start(thread->rehearsal, thread->host);
    if (err)
        return err;
    thread->is_running = pthread_create(&thread->thread, NULL, run, thread) == 0;
    return thread->is_running ? ERR_OK : ERR_SYSTEM;
}

void script_thread_stop(struct script_thread *thread)
{
    if (!thread->is_running)
        return;
    net_wake_send(thread->stop);
    pthread_join(thread->thread, NULL);
    thread->is_running = false;
}

void script_thread_destroy(struct script_thread *thread)
{
    if (!thread)
        return;
    rehearsal_thread_stop(thread->rehearsal); /* it writes to the host */
    if (thread->host)
        script_host_destroy(thread->host);
    rehearsal_thread_destroy(thread->rehearsal);
    if (thread->bindings)
        bindings_destroy(thread->bindings);
    if (thread->database)
        database_close(thread->database);
    loop_lag_stop(thread->lag);
    if (thread->stop)
        net_wake_destroy(thread->stop);
    if (thread->loop)
        net_loop_destroy(thread->loop);
    agent_table_clear();
    free(thread);
}
