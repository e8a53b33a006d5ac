/* What scripts cost: memory of a version's VM, making one (as a reload does), and a run of each kind, beside a C function
   that is asked and answers over the same queues and does nothing. With DATABASE_URL (migrated) also a prompt for which
   the FAQs are searched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "script/build.h"
#include "script/host.h"
#include "script_asking.h"

#define RUNS 5000
#define WARM_UP 200
#define BUILDS 200
#define RUNS_A_CALL 8 /* tools are limited in number */

struct bench {
    struct asking asking;
    struct net_wake *no_op_wake;
    struct database *database; /* NULL: none */
    struct bindings *bindings;
    struct script_host *host;
    struct mailbox no_op; /* the C function's */
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
        if (mailbox_put(&bench->asking.answers, letter))
            asking_die("the answers are full");
        letter = next;
    }
}

static struct script_job *make_job(struct bench *bench, const struct kind *kind, uint32_t turn)
{
    struct script_job *job = script_job_make(kind->kind);
    if (!job)
        asking_die("no memory");
    job->hook = kind->hook;
    job->reply = &bench->asking.answers;
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
        asking_die("no memory");
    snprintf(job->facts.call_id, sizeof job->facts.call_id, "call-%u", turn / RUNS_A_CALL);
    slice_copy(slice_from(kind->tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    if (script_host_send(bench->host, job))
        asking_die("the host is full");
}

static void ask_script(struct bench *bench, const struct kind *kind, uint32_t turn)
{
    if (script_host_send(bench->host, make_job(bench, kind, turn)))
        asking_die("the host is full");
    struct script_result *result = (struct script_result *)asking_await(&bench->asking);
    if (!result || result->ending != SCRIPT_DONE)
        asking_die(result && result->why ? result->why : "a run failed");
    script_result_free(result);
    if (turn % RUNS_A_CALL == RUNS_A_CALL - 1)
        end_call(bench, kind, turn);
}

static void ask_no_op(struct bench *bench)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (!letter || mailbox_put(&bench->no_op, letter))
        asking_die("no memory");
    free(asking_await(&bench->asking));
}

/* NULL: the C function. */
static void measure(struct bench *bench, const struct kind *kind)
{
    double cpu_us = 0;
    for (uint32_t turn = 0; turn < WARM_UP + RUNS; turn++) {
        if (turn == WARM_UP)
            cpu_us = asking_cpu_us(&bench->asking);
        uint64_t start_us = clock_us();
        if (kind)
            ask_script(bench, kind, turn);
        else
            ask_no_op(bench);
        if (turn >= WARM_UP)
            bench->waits_us[turn - WARM_UP] = (double)(clock_us() - start_us);
    }
    cpu_us = (asking_cpu_us(&bench->asking) - cpu_us) / RUNS;
    asking_sort(bench->waits_us, RUNS);
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
            asking_die(why);
        took_us[i] = (double)(clock_us() - start_us);
        lua_gc(version->program->vm->lua, LUA_GCCOLLECT, 0);
        bytes = version->program->vm->used_bytes;
        files = version->sources->count;
        version_release(version);
    }
    asking_sort(took_us, BUILDS);
    printf("%-24s %6zu %10zu %10.2f %8.2f\n", id, files, bytes / 1024, took_us[BUILDS / 2] / 1000,
        took_us[BUILDS * 99 / 100] / 1000);
}

static void start(struct bench *bench, const char *scripts)
{
    asking_open(&bench->asking);
    struct net_loop *loop = bench->asking.loop;
    if (net_wake_create(&bench->no_op_wake, loop, do_nothing, bench))
        asking_die("no loop");
    mailbox_init(&bench->no_op, 64, wake_no_op, bench);
    struct database_options database = {
        .url = getenv("DATABASE_URL"), .name = "bench", .connections = 4, .max_waiting = 64};
    if (database.url && database_open(&bench->database, loop, &database))
        asking_die("DATABASE_URL is no address");
    struct bindings_options bindings = {.loop = loop, .database = bench->database};
    if (bindings_create(&bench->bindings, &bindings))
        asking_die("no memory");
    struct script_host_options options = {.scripts_path = scripts,
        .lua_library = bindings_library(bench->bindings),
        .knowledge = bindings_knowledge(bench->bindings)};
    if (script_host_create(&bench->host, loop, &options) || !script_host_load(bench->host))
        asking_die("the tenants do not load");
}

static void end(struct bench *bench)
{
    script_host_destroy(bench->host);
    bindings_destroy(bench->bindings);
    if (bench->database)
        database_close(bench->database);
    agent_table_clear();
    mailbox_destroy(&bench->no_op);
    net_wake_destroy(bench->no_op_wake);
    asking_close(&bench->asking);
}

/* The folder given, copied, with a tenant of our own in it. */
static void copy_scripts(const char *from, char to[64])
{
    char command[512], path[160];
    snprintf(to, 64, "/tmp/script_cost.XXXXXX");
    if (!mkdtemp(to))
        asking_die("no folder");
    snprintf(command, sizeof command, "cp -r '%s/.' '%s' && mkdir '%s/tenants/cost'", from, to, to);
    if (system(command) != 0)
        asking_die("the scripts cannot be copied: name their folder");
    snprintf(path, sizeof path, "%s/tenants/cost/agent.lua", to);
    FILE *file = fopen(path, "w");
    if (!file || fputs(tenant, file) < 0 || fclose(file))
        asking_die("cannot write a tenant");
}

static void measure_runs(struct bench *bench)
{
    asking_start(&bench->asking);
    printf("%-36s %10s %12s %8s\n", "a run, asked and answered", "CPU us", "p50 us", "p99 us");
    measure(bench, NULL);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        measure(bench, &KINDS[i]);
    if (bench->database)
        measure(bench, &SEARCHED);
    asking_stop(&bench->asking);
}

int main(int argc, char **argv)
{
    static struct bench bench;
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
