/* What scripts cost: memory of a version's VM, making one (as a reload does), and a run of each kind, beside a C function
   that is asked and answers over the same queues and does nothing. With DATABASE_URL (migrated) also a prompt for which
   the FAQs are searched. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "script/build.h"
#include "script/host.h"

#define RUNS 5000
#define WARM_UP 200
#define BUILDS 200
#define RUNS_A_CALL 8 /* tools are limited in number */

struct bench {
    struct net_loop *loop;
    struct net_wake *stop, *no_op_wake;
    struct database *database; /* NULL: none */
    struct bindings *bindings;
    struct script_host *host;
    struct mailbox no_op; /* the C function's */
    struct mailbox answers;
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool has_come;
    clockid_t thread_clock;
    double waits_us[RUNS];
};

struct kind {
    const char *name;
    const char *tenant;
    enum script_job_kind kind;
    enum script_hook hook;
    const char *arguments;
    const char *utterance; /* NULL: nothing is searched */
};

static const char tenant[] = "return { name = 'A', numbers = { '+15550199999' },\n"
                             "  prompt = function(call) return 'text' end,\n"
                             "  end_of_turn = function(call, signals) end,\n"
                             "  on_user_turn = function(call, text) return 'yes' end,\n"
                             "  before_say = function(call, text) return text end,\n"
                             "  on_dtmf = function(call, digit) return true end,\n"
                             "  tools = { { name = 't', description = 'd', parameters = { type = "
                             "'object', properties = {} },\n"
                             "    run = function(call, args) return { ok = true } end } } }\n";

static const struct kind KINDS[] = {
    {"prompt: one short text", "cost", SCRIPT_PROMPT, 0, NULL},
    {"prompt: acme-dental's", "acme-dental", SCRIPT_PROMPT, 0, NULL},
    {"tool: an empty one", "cost", SCRIPT_TOOL, 0, "{}"},
    {"hook: end_of_turn, empty", "cost", SCRIPT_HOOK, HOOK_END_OF_TURN,
        "[{\"text\":\"yes please\",\"words\":2,\"silence_ms\":250,\"speech_ms\":700,"
        "\"is_final\":true,\"is_hanging\":false,\"is_spelling\":false}]"},
    {"hook: on_user_turn, a text", "cost", SCRIPT_HOOK, HOOK_ON_USER_TURN, "[\"yes please\"]"},
    {"hook: before_say, the same text", "cost", SCRIPT_HOOK, HOOK_BEFORE_SAY,
        "[\"We are open from nine to five.\"]"},
    {"hook: on_dtmf, returns true", "cost", SCRIPT_HOOK, HOOK_ON_DTMF, "[\"1\"]"},
};

static const struct kind SEARCHED = {"prompt: acme-dental's, FAQs searched", "acme-dental",
    SCRIPT_PROMPT, .utterance = "do you guys take Cigna through my work"};

static void die(const char *what)
{
    fprintf(stderr, "script_cost: %s\n", what);
    exit(1);
}

static void on_answer(void *owner)
{
    struct bench *bench = owner;
    pthread_mutex_lock(&bench->lock);
    bench->has_come = true;
    pthread_cond_signal(&bench->came);
    pthread_mutex_unlock(&bench->lock);
}

static void on_stop(void *owner)
{
    net_loop_stop(((struct bench *)owner)->loop);
}

static void wake_no_op(void *owner)
{
    net_wake_send(((struct bench *)owner)->no_op_wake);
}

/* Answers each letter with itself. */
static void do_nothing(void *owner)
{
    struct bench *bench = owner;
    struct letter *letter = mailbox_take_all(&bench->no_op);
    while (letter) {
        struct letter *next = letter->next;
        if (mailbox_put(&bench->answers, letter))
            die("the answers are full");
        letter = next;
    }
}

static void *run_loop(void *owner)
{
    net_loop_run(((struct bench *)owner)->loop);
    return NULL;
}

static double thread_us(const struct bench *bench)
{
    struct timespec now;
    clock_gettime(bench->thread_clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static struct letter *await(struct bench *bench)
{
    pthread_mutex_lock(&bench->lock);
    while (!bench->has_come)
        pthread_cond_wait(&bench->came, &bench->lock);
    bench->has_come = false;
    pthread_mutex_unlock(&bench->lock);
    return mailbox_take_all(&bench->answers);
}

static struct script_job *make_job(struct bench *bench, const struct kind *kind, uint32_t turn)
{
    struct script_job *job = script_job_make(kind->kind);
    if (!job)
        die("no memory");
    job->hook = kind->hook;
    job->reply = &bench->answers;
    job->turn = turn;
    slice_copy(slice_from(kind->tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    snprintf(job->facts.call_id, sizeof job->facts.call_id, "call-%u", turn / RUNS_A_CALL);
    if (kind->kind == SCRIPT_TOOL)
        job->tool_name = slice_dup(SLICE("t"));
    if (kind->utterance)
        job->utterance = slice_dup(slice_from(kind->utterance));
    if (kind->arguments)
        job->arguments = slice_dup(slice_from(kind->arguments));
    return job;
}

/* The call is over. */
static void end_call(struct bench *bench, const struct kind *kind, uint32_t turn)
{
    struct script_job *job = script_job_make(SCRIPT_CALL_END);
    if (!job)
        die("no memory");
    snprintf(job->facts.call_id, sizeof job->facts.call_id, "call-%u", turn / RUNS_A_CALL);
    slice_copy(slice_from(kind->tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    if (script_host_send(bench->host, job))
        die("the host is full");
}

static void ask_script(struct bench *bench, const struct kind *kind, uint32_t turn)
{
    if (script_host_send(bench->host, make_job(bench, kind, turn)))
        die("the host is full");
    struct script_result *result = (struct script_result *)await(bench);
    if (!result || result->ending != SCRIPT_DONE)
        die(result && result->why ? result->why : "a run failed");
    script_result_free(result);
    if (turn % RUNS_A_CALL == RUNS_A_CALL - 1)
        end_call(bench, kind, turn);
}

static void ask_no_op(struct bench *bench)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (!letter || mailbox_put(&bench->no_op, letter))
        die("no memory");
    free(await(bench));
}

/* NULL: the C function. */
static void measure(struct bench *bench, const struct kind *kind)
{
    double cpu_us = 0;
    for (uint32_t turn = 0; turn < WARM_UP + RUNS; turn++) {
        if (turn == WARM_UP)
            cpu_us = thread_us(bench);
        uint64_t start_us = clock_us();
        if (kind)
            ask_script(bench, kind, turn);
        else
            ask_no_op(bench);
        if (turn >= WARM_UP)
            bench->waits_us[turn - WARM_UP] = (double)(clock_us() - start_us);
    }
    cpu_us = (thread_us(bench) - cpu_us) / RUNS;
    qsort(bench->waits_us, RUNS, sizeof bench->waits_us[0], by_value);
    printf("%-36s %10.1f %12.0f %8.0f\n", kind ? kind->name : "C: nothing", cpu_us,
        bench->waits_us[RUNS / 2], bench->waits_us[RUNS * 99 / 100]);
}

/* What a reload does for one tenant: read, compile, run, check, try the prompt; then the old one goes. */
static void measure_version(const struct bench *bench, const char *scripts, const char *id)
{
    static double took_us[BUILDS];
    struct script_library library = bindings_library(bench->bindings);
    size_t bytes = 0, files = 0;
    for (int i = 0; i < BUILDS; i++) {
        char why[512];
        struct version *version;
        uint64_t start_us = clock_us();
        if (build_new(&version, scripts, id, &library, why) || build_finish(version, why))
            die(why);
        took_us[i] = (double)(clock_us() - start_us);
        lua_gc(version->program->vm->lua, LUA_GCCOLLECT, 0);
        bytes = version->program->vm->used_bytes;
        files = version->sources->count;
        version_release(version);
    }
    qsort(took_us, BUILDS, sizeof took_us[0], by_value);
    printf("%-24s %6zu %10zu %10.2f %8.2f\n", id, files, bytes / 1024, took_us[BUILDS / 2] / 1000,
        took_us[BUILDS * 99 / 100] / 1000);
}

static void start(struct bench *bench, const char *scripts)
{
    if (net_loop_create(&bench->loop, "script", NULL) ||
        net_wake_create(&bench->stop, bench->loop, on_stop, bench) ||
        net_wake_create(&bench->no_op_wake, bench->loop, do_nothing, bench))
        die("no loop");
    mailbox_init(&bench->answers, 64, on_answer, bench);
    mailbox_init(&bench->no_op, 64, wake_no_op, bench);
    struct database_options database = {
        .url = getenv("DATABASE_URL"), .name = "bench", .connections = 4, .max_waiting = 64};
    if (database.url && database_open(&bench->database, bench->loop, &database))
        die("DATABASE_URL is no address");
    struct bindings_options bindings = {.loop = bench->loop, .database = bench->database};
    if (bindings_create(&bench->bindings, &bindings))
        die("no memory");
    struct script_host_options options = {.scripts_path = scripts,
        .lua_library = bindings_library(bench->bindings),
        .knowledge = bindings_knowledge(bench->bindings)};
    if (script_host_create(&bench->host, bench->loop, &options) || !script_host_load(bench->host))
        die("the tenants do not load");
}

static void end(struct bench *bench)
{
    script_host_destroy(bench->host);
    bindings_destroy(bench->bindings);
    if (bench->database)
        database_close(bench->database);
    agent_table_clear();
    mailbox_destroy(&bench->answers);
    mailbox_destroy(&bench->no_op);
    net_wake_destroy(bench->no_op_wake);
    net_wake_destroy(bench->stop);
    net_loop_destroy(bench->loop);
}

/* The folder given, copied, with a tenant of our own in it. */
static void copy_scripts(const char *from, char to[64])
{
    char command[512], path[160];
    snprintf(to, 64, "/tmp/script_cost.XXXXXX");
    if (!mkdtemp(to))
        die("no folder");
    snprintf(command, sizeof command, "cp -r '%s/.' '%s' && mkdir '%s/tenants/cost'", from, to, to);
    if (system(command) != 0)
        die("the scripts cannot be copied: name their folder");
    snprintf(path, sizeof path, "%s/tenants/cost/agent.lua", to);
    FILE *file = fopen(path, "w");
    if (!file || fputs(tenant, file) < 0 || fclose(file))
        die("cannot write a tenant");
}

static void measure_runs(struct bench *bench)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_loop, bench) ||
        pthread_getcpuclockid(thread, &bench->thread_clock))
        die("no thread");
    printf("%-36s %10s %12s %8s\n", "a run, asked and answered", "CPU us", "p50 us", "p99 us");
    measure(bench, NULL);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        measure(bench, &KINDS[i]);
    if (bench->database)
        measure(bench, &SEARCHED);
    net_wake_send(bench->stop);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    static struct bench bench = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    char scripts[64], command[128];
    log_set_level((enum log_level)(LOG_ERROR + 1));
    copy_scripts(argc > 1 ? argv[1] : "scripts", scripts);
    start(&bench, scripts);
    printf("%-24s %6s %10s %10s %8s\n", "a version", "files", "KiB of VM", "p50 ms", "p99 ms");
    measure_version(&bench, scripts, "cost");
    measure_version(&bench, scripts, "acme-dental");
    printf("\n");
    measure_runs(&bench);
    end(&bench);
    snprintf(command, sizeof command, "rm -r '%s'", scripts);
    return system(command) != 0;
}
