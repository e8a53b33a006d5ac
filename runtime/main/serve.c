/*
   control thread (this one): admin port, errands → Postgres, logs, watching files, signals
   journal thread:            records → local disk → Postgres
   capture thread:            captured calls → local disk
   script thread:             tenants' Lua
   media threads:             calls
*/
#include "main/serve.h"

#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/admin.h"
#include "api/overflow.h"
#include "api/transfers.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/id.h"
#include "live/phrases.h"
#include "main/budget_watch.h"
#include "main/journal_thread.h"
#include "main/logging.h"
#include "main/loop_lag.h"
#include "main/media_thread.h"
#include "main/office.h"
#include "main/provider_watch.h"
#include "main/publishing.h"
#include "main/script_thread.h"
#include "main/tenant_rows.h"
#include "observe/capture.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "routing/catalog.h"
#include "routing/routed.h"
#include "script/agent_table.h"
#include "store/unsent.h"

#define RECORDS_CAPACITY                                                                           \
    100000 /* rows kept in memory while neither the journal nor Postgres takes them */
#define RECORDS_DRAIN_MS 5000
#define ERRANDS_CAPACITY 4096
#define HOUSEKEEPING_MS 1000
#define DRAIN_LOOK_MS 50
#define SERVE_WHY_SIZE CATALOG_WHY_SIZE /* the longest */

struct process {
    const struct settings *settings;
    struct net_loop *loop;
    struct net_wake *log_wake;
    struct net_timer *log_timer; /* while nobody reads the log */
    struct net_wake *notes_wake;
    struct net_signals *signals;
    struct net_watch *watch;
    struct net_timer *timer;
    struct net_timer *drain_timer;
    struct loop_lag *lag;
    struct journal_thread *journal;
    struct records *records; /* the journal thread's */
    struct errands *errands;
    struct call_notes *notes;
    struct admin *admin;
    struct shelf *shelf; /* NULL: its folder cannot be written */
    struct phrases *phrases;
    struct captures *captures; /* NULL: nothing is captured */
    struct script_desk *desk;
    struct publishing *publishing; /* NULL: scripts come from files */
    struct provider_watch *providers;
    struct budget_watch *budgets;
    struct office *office; /* texts, call-backs, recordings */
    struct live *live;
    struct script_thread *script;
    struct media_thread *media[64];
    unsigned media_count;
    atomic_bool is_draining;
    uint64_t texts_until_ms; /* while draining: texts under way are answered till then */
    char node[ID_SIZE];      /* this process's name among those on the same database */
    char token_key[2 * SHA256_BYTES + 1];
    char second_token_key[2 * SHA256_BYTES + 1]; /* "": no rotation is under way */
    char dial_done_url[320];                     /* told to the carrier for transfers */
    char whisper_url[320];
    char recording_url[320]; /* told to the carrier for messages it records */
    bool owes_reload;        /* the script thread's mailbox was full */
    char *seen_tenants;      /* the table when its rows were last written */
};

/* ---- the control thread's work ---- */

static void flush_log(void *owner)
{
    struct process *process = owner;
    if (!log_flush())
        net_timer_set(process->log_timer, clock_ms() + LOG_RETRY_MS);
}

static void wake_log(void *owner)
{
    struct process *process = owner;
    net_wake_send(process->log_wake);
}

static void collect_notes(void *owner)
{
    struct process *process = owner;
    call_notes_collect(process->notes);
}

static void wake_notes(void *owner)
{
    struct process *process = owner;
    net_wake_send(process->notes_wake);
}

static void reload(void *owner)
{
    struct process *process = owner;
    if (process->publishing) {
        publishing_again(process->publishing);
        return;
    }
    struct script_job *job = script_job_make(SCRIPT_RELOAD);
    process->owes_reload = !job || script_host_send(script_thread_host(process->script), job);
    if (process->owes_reload) {
        log_warn("script.full", "job=%s", "reload");
        script_job_free(job);
    }
}

static void record_tenant(struct process *process, const char *tenant_id)
{
    struct agent *agent = agent_table_find(slice_from(tenant_id));
    if (agent)
        tenant_rows_put(process->records, agent);
    agent_release(agent);
}

/* The tenants' rows follow the table of what is live. */
static void record_tenants(struct process *process)
{
    struct strbuf text;
    strbuf_init(&text, 1024 * 1024);
    agent_table_json(&text);
    bool is_new =
        !process->seen_tenants || strcmp(process->seen_tenants, text.data ? text.data : "") != 0;
    json_t *tenants = is_new ? json_loads(text.data ? text.data : "[]", 0, NULL) : NULL;
    size_t i;
    json_t *tenant;
    json_array_foreach(tenants, i, tenant)
    {
        if (json_is_string(json_object_get(tenant, "version")))
            record_tenant(process, json_string_value(json_object_get(tenant, "id")));
    }
    json_decref(tenants);
    if (is_new) {
        free(process->seen_tenants);
        process->seen_tenants = strbuf_take(&text);
    }
    strbuf_free(&text);
}

static void keep_house(void *owner)
{
    struct process *process = owner;
    log_report();
    record_tenants(process);
    provider_watch_look(process->providers);
    metric_set(METRIC_RECORDS_WAITING, (int64_t)records_waiting(process->records));
    if (process->owes_reload)
        reload(process);
    net_timer_set(process->timer, clock_ms() + HOUSEKEEPING_MS);
}

/* While calls and texts finish, this thread goes on with health, logs and records. */
static void look_for_end(void *owner)
{
    struct process *process = owner;
    bool may_wait = clock_ms() < process->texts_until_ms && office_is_answering(process->office);
    if (may_wait) {
        net_timer_set(process->drain_timer, clock_ms() + DRAIN_LOOK_MS);
        return;
    }
    for (unsigned i = 0; i < process->media_count; i++) {
        if (!media_thread_is_done(process->media[i])) {
            net_timer_set(process->drain_timer, clock_ms() + DRAIN_LOOK_MS);
            return;
        }
    }
    net_loop_stop(process->loop);
}

static void drain(struct process *process)
{
    if (atomic_exchange(&process->is_draining, true))
        return;
    log_info("serve.draining", "seconds=%u", process->settings->drain_seconds);
    process->texts_until_ms = clock_ms() + process->settings->drain_seconds * 1000;
    office_drain(process->office);
    for (unsigned i = 0; i < process->media_count; i++)
        media_thread_drain(process->media[i], process->settings->drain_seconds * 1000);
    look_for_end(process);
}

static void on_signal(void *owner, int number)
{
    struct process *process = owner;
    if (number == SIGHUP) {
        provider_watch_again(process->providers);
        reload(process);
    } else {
        drain(process);
    }
}

/* ---- start ---- */

static void derive_key(struct slice auth_token, char out[2 * SHA256_BYTES + 1])
{
    uint8_t key[SHA256_BYTES];
    crypto_hmac_sha256(auth_token, SLICE("moonline stream token"), key);
    crypto_hex(key, sizeof key, out);
}

/* Every node that knows the auth token knows the key; without one, only this process does. */
static void make_token_keys(struct process *process)
{
    uint8_t key[SHA256_BYTES];
    struct slice token = slice_from(process->settings->twilio_auth_token);
    struct slice second = slice_from(process->settings->twilio_auth_token_secondary);
    crypto_random(key, sizeof key);
    crypto_hex(key, sizeof key, process->token_key);
    if (token.len)
        derive_key(token, process->token_key);
    if (token.len && second.len)
        derive_key(second, process->second_token_key);
}

static enum err start_control(struct process *process, char why[SERVE_WHY_SIZE])
{
    snprintf(why, SERVE_WHY_SIZE, "out of memory");
    enum err err = net_loop_create(&process->loop, "control", process->settings->ca_file);
    if (err == ERR_OK)
        err = net_wake_create(&process->log_wake, process->loop, flush_log, process);
    if (err == ERR_OK)
        err = net_timer_create(&process->log_timer, process->loop, flush_log, process);
    if (err == ERR_OK)
        err = net_wake_create(&process->notes_wake, process->loop, collect_notes, process);
    if (err == ERR_OK)
        err = net_timer_create(&process->timer, process->loop, keep_house, process);
    if (err == ERR_OK)
        err = net_timer_create(&process->drain_timer, process->loop, look_for_end, process);
    if (err == ERR_OK)
        err = loop_lag_start(&process->lag, process->loop, SIDE_CONTROL);
    if (err == ERR_OK)
        err = net_signals_create(&process->signals, process->loop, on_signal, process);
    if (err != ERR_OK)
        return err;
    logging_start(process->settings, wake_log, process);
    process->notes = call_notes_create(wake_notes, process);
    id_make(process->node);
    err = process->notes ? journal_thread_start(&process->journal, process->settings, process->node,
                               RECORDS_CAPACITY)
                         : ERR_NOMEM;
    process->records = journal_thread_records(process->journal);
    if (err == ERR_OK)
        err = errands_open(&process->errands, process->loop, process->settings->database_url,
            process->node, ERRANDS_CAPACITY);
    if (err == ERR_OK)
        err = budget_watch_start(&process->budgets, process->loop, process->settings->database_url);
    if (err == ERR_BAD)
        snprintf(why, SERVE_WHY_SIZE,
            "DATABASE_URL cannot be read: it must look like postgres://user@host:5432/name");
    net_timer_set(process->timer, clock_ms());
    return err;
}

static struct live_settings live_settings_of(struct process *process)
{
    const struct settings *settings = process->settings;
    struct live_settings live = live_defaults;
    live.stt_ops = &routed_stt;
    live.llm_ops = &routed_llm;
    live.tts_ops = &routed_tts;
    live.rest = script_thread_rest(settings);
    snprintf(process->dial_done_url, sizeof process->dial_done_url, "%s" DIAL_DONE_PATH,
        settings->public_url);
    snprintf(
        process->whisper_url, sizeof process->whisper_url, "%s" WHISPER_PATH, settings->public_url);
    live.dial_done_url = process->dial_done_url;
    live.whisper_url = process->whisper_url;
    snprintf(process->recording_url, sizeof process->recording_url, "%s" RECORDING_PATH,
        settings->public_url);
    live.recording_url = process->recording_url;
    live.token_key = process->token_key;
    live.second_token_key = process->second_token_key;
    live.max_calls = settings->max_calls;
    live.call_max_minutes = settings->call_max_minutes;
    live.admission.late_ms = settings->admit_late_ms;
    live.admission.late_percent = settings->admit_late_percent;
    return live;
}

/* Without it tenants answer all the same; a restart knows the files only. */
static void open_shelf(struct process *process)
{
    char path[512], why[256];
    snprintf(path, sizeof path, "%s/versions", process->settings->data);
    if (shelf_open(&process->shelf, path, why) != ERR_OK)
        log_warn("shelf.closed", "path=%s why=%s do=%s", path, why,
            "make MOONLINE_DATA a folder that can be written");
}

/* Without it a greeting costs what it cost the first time, and is not heard when every vendor is down. */
static void open_phrases(struct process *process)
{
    char path[512], why[256];
    snprintf(path, sizeof path, "%s/phrases", process->settings->data);
    if (phrases_open(&process->phrases, path, why) == ERR_OK)
        return;
    log_warn("phrases.closed", "path=%s why=%s do=%s", path, why,
        "make MOONLINE_DATA a folder that can be written");
    if (phrases_open(&process->phrases, NULL, why) != ERR_OK)
        log_warn("phrases.closed", "why=%s", why);
}

/* Without it calls are answered all the same. */
static void open_captures(struct process *process)
{
    const struct settings *settings = process->settings;
    char path[512], why[256];
    snprintf(path, sizeof path, "%s/" CAPTURES_FOLDER, settings->data);
    const struct captures_options options = {.path = path,
        .secrets = settings->secrets,
        .max_bytes = (uint64_t)settings->capture_mb << 20,
        .max_days = settings->capture_days};
    if (!settings->captures)
        return;
    enum err err = captures_open(&process->captures, &options, why);
    if (!err && captures_start(process->captures) != ERR_OK) {
        captures_close(process->captures);
        process->captures = NULL;
        snprintf(why, sizeof why, "cannot start a thread");
        err = ERR_SYSTEM;
    }
    if (err)
        log_warn("capture.closed", "path=%s why=%s do=%s", path, why,
            "make MOONLINE_DATA a folder that can be written, or set MOONLINE_CAPTURE=0");
}

static enum err start_script(struct process *process, char why[SERVE_WHY_SIZE])
{
    struct live_options live = {.settings = live_settings_of(process),
        .records = process->records,
        .errands = process->errands,
        .node = process->node,
        .notes = call_notes_mailbox(process->notes)};
    snprintf(why, SERVE_WHY_SIZE, "out of memory");
    open_shelf(process);
    open_phrases(process);
    live.phrases = process->phrases;
    open_captures(process);
    live.captures = process->captures;
    enum err err = provider_watch_start(&process->providers, process->loop, process->settings, why);
    if (err == ERR_OK)
        err = live_create(&process->live, &live);
    if (err == ERR_OK)
        err = script_thread_create(
            &process->script, process->settings, process->live, process->shelf);
    return err == ERR_OK ? script_thread_load(process->script, why) : err;
}

static enum err start_media(struct process *process, char why[SERVE_WHY_SIZE])
{
    struct public_settings public = {.listen = process->settings->listen,
        .public_url = process->settings->public_url,
        .auth_token = process->settings->twilio_auth_token,
        .second_token = process->settings->twilio_auth_token_secondary,
        .token_key = process->token_key,
        .redirects = process->settings->redirect,
        .records = process->records,
        .errands = process->errands,
        .rest = script_thread_rest(process->settings),
        .script = script_thread_host(process->script)};
    for (unsigned i = 0; i < process->settings->workers; i++) {
        enum err err = media_thread_create(
            &process->media[i], process->live, &public, process->settings->ca_file, i, why);
        if (err != ERR_OK)
            return err;
        process->media_count++;
    }
    metrics_set_threads(process->media_count);
    return ERR_OK;
}

static enum err start_threads(struct process *process, char why[SERVE_WHY_SIZE])
{
    snprintf(why, SERVE_WHY_SIZE, "cannot start a thread");
    enum err err = script_thread_start(process->script);
    for (unsigned i = 0; err == ERR_OK && i < process->media_count; i++)
        err = media_thread_start(process->media[i]);
    return err;
}

/* This process for people, the same after a restart. */
static void name_node(const struct process *process, char out[320])
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(out, 320, "%.200s %.100s", host, process->settings->admin_listen);
}

/* Where new versions come from: files that are saved, or the database. */
static enum err start_versions(struct process *process)
{
    const struct settings *settings = process->settings;
    char node[320];
    name_node(process, node);
    struct publishing_options publishing = {.database_url = settings->database_url,
        .node = node,
        .desk = process->desk,
        .shelf = process->shelf};
    if (settings_scripts_are_published(settings))
        return publishing_start(&process->publishing, process->loop, &publishing);
    if (net_watch_create(&process->watch, process->loop, settings->scripts, reload, process) !=
        ERR_OK)
        log_warn("watch.failed", "path=%s hint=%s", settings->scripts,
            "run moonline reload after a change");
    return ERR_OK;
}

static enum err start_office(struct process *process)
{
    struct office_options office = {.settings = process->settings,
        .loop = process->loop,
        .node = process->node,
        .script = script_thread_host(process->script),
        .records = process->records,
        .live = process->live,
        .is_draining = &process->is_draining};
    return office_open(&process->office, &office);
}

static enum err start_admin(struct process *process, char why[SERVE_WHY_SIZE])
{
    struct admin_options admin = {.listen = process->settings->admin_listen,
        .records = process->records,
        .notes = process->notes,
        .live = process->live,
        .desk = process->desk,
        .publications = publishing_publications(process->publishing),
        .database = budget_watch_database(process->budgets),
        .log_levels = process->settings->log_level,
        .log_flags = process->settings->log_flags,
        .is_draining = &process->is_draining};
    return admin_start(&process->admin, process->loop, &admin, why);
}

static enum err start(struct process *process, char why[SERVE_WHY_SIZE])
{
    make_token_keys(process);
    enum err err = start_control(process, why);
    if (err == ERR_OK)
        err = start_script(process, why);
    if (err == ERR_OK)
        err = start_media(process, why);
    if (err == ERR_OK)
        err =
            script_desk_create(&process->desk, process->loop, script_thread_host(process->script));
    if (err == ERR_OK)
        err = start_versions(process);
    if (err == ERR_OK)
        err = start_office(process);
    if (err == ERR_OK)
        err = start_admin(process, why);
    return err == ERR_OK ? start_threads(process, why) : err;
}

/* ---- end ---- */

static void stop_threads(struct process *process)
{
    for (unsigned i = 0; i < process->media_count; i++)
        media_thread_drain(process->media[i], 0); /* drained already, or the start failed */
    for (unsigned i = 0; i < process->media_count; i++)
        media_thread_join(process->media[i]);
    if (process->script)
        script_thread_stop(process->script);
    office_close(process->office); /* this loop runs once more: all it works with is still there */
    if (process->records)
        unsent_stop(process->records); /* its thread goes on, the mailboxes of these do not */
    for (unsigned i = 0; i < process->media_count; i++)
        media_thread_destroy(process->media[i]);
    errands_close(
        process->errands); /* its loop stands still: nobody was answered after the threads */
    script_thread_destroy(process->script);
    shelf_close(process->shelf);
    if (process->live)
        live_destroy(process->live);
    phrases_close(process->phrases);
    captures_close(process->captures);
    catalog_publish(NULL);
}

static void stop_control(struct process *process)
{
    publishing_stop(process->publishing);
    admin_destroy(process->admin);
    budget_watch_stop(process->budgets);
    script_desk_close(process->desk);
    net_watch_destroy(process->watch);
    provider_watch_stop(process->providers);
    journal_thread_stop(process->journal, RECORDS_DRAIN_MS);
    log_info(
        "serve.stopped", "lines_dropped=%lld", (long long)metric_get(METRIC_LOG_LINES_DROPPED));
    log_stop();
    call_notes_destroy(process->notes);
    net_timer_destroy(process->timer);
    net_timer_destroy(process->log_timer);
    net_timer_destroy(process->drain_timer);
    loop_lag_stop(process->lag);
    if (process->signals)
        net_signals_destroy(process->signals);
    if (process->notes_wake)
        net_wake_destroy(process->notes_wake);
    if (process->log_wake)
        net_wake_destroy(process->log_wake);
    if (process->loop)
        net_loop_destroy(process->loop);
}

/* Buffers of many calls come and go: memory once had is kept instead of given back and asked for again, many times a
   second. */
static void keep_memory(void)
{
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
}

int serve(const struct settings *settings)
{
    keep_memory();
    struct process *process = calloc(1, sizeof *process);
    if (!process)
        return 1;
    process->settings = settings;
    char why[SERVE_WHY_SIZE];
    enum err err = settings_check(settings, why);
    if (err == ERR_OK)
        err = start(process, why);
    if (err == ERR_OK) {
        log_info("serve.ready", "listen=%s admin=%s workers=%u public_url=%s", settings->listen,
            settings->admin_listen, settings->workers, settings->public_url);
        net_loop_run(process->loop);
    }
    stop_threads(process);
    stop_control(process);
    free(process->seen_tenants);
    free(process);
    if (err != ERR_OK)
        fprintf(stderr, "moonline: %s\n", why);
    return err == ERR_OK ? 0 : 1;
}
