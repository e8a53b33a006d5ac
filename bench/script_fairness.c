/* What one tenant's endless loops cost another tenant on the same script thread: the time from sending a prompt to having
   its text, alone and beside a tenant whose every run misbehaves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "script/host.h"
#include "script_asking.h"

#define PROMPTS 1000
#define PAUSE_US 3000
#define HOSTILE_CALLS 8

struct misdeed {
    const char *name;
    const char *code; /* the body of the hostile tenant's prompt and tool */
};

static const struct misdeed MISDEEDS[] = {
    {"nobody else", NULL},
    {"loop", "while true do end"},
    {"pcall loop", "while true do pcall(function() while true do end end) end"},
    {"pcall at the stack's limit", "local function g() while true do pcall(g) end end g()"},
    {"sort comparator", "table.sort({ 3, 2, 1 }, function() while true do end end)"},
    {"gsub callback", "('x'):gsub('x', function() while true do end end)"},
    {"patterns", "while true do pcall(string.find, ('a'):rep(1e5), '.-.-.-.-b') end"},
    {"memory", "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"},
    {"big strings", "while true do local s = ('x'):rep(1e6):upper() end"},
    {"errors", "error(('x'):rep(1e6))"},
    {"errors that are no texts",
        "error(setmetatable({}, { __tostring = function() while true do end end }))"},
    {"__index", "local t = setmetatable({}, { __index = function(t, k) while true do end end }) "
                "local x = t.x"},
    {"deep recursion", "local function f(n) return 1 + f(n + 1) end f(0)"},
    {"string.rep and its kin",
        "while true do local s = ('x'):rep(1e6) s:reverse() s:byte(1, 1000) s:gsub('x', 'y') end"},
    {"sorting much", "local t = {} for i = 1, 1e5 do t[i] = (i * 7919) % 100003 end while true do "
                     "table.sort(t, function(a, b) return a > b end) table.sort(t) end"},
};

struct bench {
    char path[64];
    struct asking asking;
    struct script_host *host;
    double waits_ms[PROMPTS];
    double held_ms[PROMPTS]; /* CPU time of the script thread meanwhile */
};

static void write_tenant(
    const struct bench *bench, const char *id, const char *number, const char *body)
{
    char path[160];
    snprintf(path, sizeof path, "%s/tenants/%s", bench->path, id);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/tenants/%s/agent.lua", bench->path, id);
    FILE *file = fopen(path, "w");
    if (!file)
        asking_die("cannot write a tenant");
    fprintf(file,
        "local is_tried = false\n"
        "local function work() if not is_tried then is_tried = true return 'tried' end %s return "
        "'text' end\n"
        "return { name = 'A', numbers = { '%s' }, prompt = work, tools = { { name = 't', "
        "description = 'd', parameters = { type = 'object', properties = {} }, run = work } } }",
        body, number);
    fclose(file);
}

static void send(struct bench *bench, enum script_job_kind kind, const char *tenant,
    const char *call_id, uint32_t turn, bool is_awaited)
{
    struct script_job *job = script_job_make(kind);
    if (!job)
        asking_die("no memory");
    job->reply = is_awaited ? &bench->asking.answers : NULL;
    job->turn = turn;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    if (kind == SCRIPT_TOOL) {
        job->tool_name = slice_dup(SLICE("t"));
        job->arguments = slice_dup(SLICE("{}"));
    }
    if (script_host_send(bench->host, job))
        script_job_free(job);
}

/* The hostile tenant always has work: a prompt and a tool in each of its calls. */
static void keep_busy(struct bench *bench, uint32_t turn)
{
    char call_id[32];
    snprintf(call_id, sizeof call_id, "hostile-%u", turn % HOSTILE_CALLS);
    send(bench, SCRIPT_PROMPT, "hostile", call_id, turn, false);
    send(bench, SCRIPT_TOOL, "hostile", call_id, turn, false);
}

static void ask(struct bench *bench, uint32_t turn)
{
    uint64_t start_us = clock_us();
    double start_cpu_us = asking_cpu_us(&bench->asking);
    send(bench, SCRIPT_PROMPT, "calm", "calm-1", turn, true);
    struct letter *letter = asking_await(&bench->asking);
    bench->waits_ms[turn - 1] = (double)(clock_us() - start_us) / 1000;
    bench->held_ms[turn - 1] = (asking_cpu_us(&bench->asking) - start_cpu_us) / 1000;
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        if (result->ending != SCRIPT_DONE)
            asking_die("the calm tenant got no prompt");
        script_result_free(result);
    }
}

static void print_spread(double values[PROMPTS])
{
    asking_sort(values, PROMPTS);
    printf(" %8.3f %8.3f %8.3f %8.3f", values[PROMPTS / 2], values[PROMPTS * 9 / 10],
        values[PROMPTS * 99 / 100], values[PROMPTS - 1]);
}

static void start(struct bench *bench, const struct misdeed *misdeed)
{
    snprintf(bench->path, sizeof bench->path, "/tmp/script_fairness.XXXXXX");
    if (!mkdtemp(bench->path))
        asking_die("no folder");
    char path[160];
    snprintf(path, sizeof path, "%s/tenants", bench->path);
    mkdir(path, 0700);
    write_tenant(bench, "calm", "+15550100001", "");
    write_tenant(bench, "hostile", "+15550100002", misdeed->code ? misdeed->code : "");
    asking_open(&bench->asking);
    struct script_host_options options = {.scripts_path = bench->path};
    if (script_host_create(&bench->host, bench->asking.loop, &options) ||
        script_host_load(bench->host) != 2)
        asking_die("the tenants do not load");
}

static void end(struct bench *bench)
{
    char path[160];
    static const char *const names[] = {"tenants/calm/agent.lua", "tenants/hostile/agent.lua",
        "tenants/calm", "tenants/hostile", "tenants", ""};
    script_host_destroy(bench->host);
    agent_table_clear();
    asking_close(&bench->asking);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", bench->path, names[i]);
        remove(path);
    }
}

static void measure(const struct misdeed *misdeed)
{
    static struct bench bench;
    start(&bench, misdeed);
    asking_start(&bench.asking);
    for (uint32_t turn = 1; turn <= PROMPTS; turn++) {
        if (misdeed->code && turn % 8 == 1)
            keep_busy(&bench, turn);
        usleep(PAUSE_US);
        ask(&bench, turn);
    }
    asking_stop(&bench.asking);
    end(&bench);
    printf("%-28s", misdeed->name);
    print_spread(bench.waits_ms);
    print_spread(bench.held_ms);
    printf("\n");
}

/* With a word: only the rows that hold it. */
int main(int argc, char **argv)
{
    log_set_level((enum log_level)(LOG_ERROR + 1)); /* hostile runs would say a line each */
    printf("prompt of a calm tenant, from asking to having it, beside a tenant that does nothing "
           "but:\n"
           "%-28s %35s %35s\n%-28s",
        "", "ms by the clock", "ms of CPU of the script thread", "");
    for (int i = 0; i < 2; i++)
        printf(" %8s %8s %8s %8s", "p50", "p90", "p99", "worst");
    printf("\n");
    for (size_t i = 0; i < sizeof MISDEEDS / sizeof *MISDEEDS; i++)
        if (argc < 2 || strstr(MISDEEDS[i].name, argv[1]))
            measure(&MISDEEDS[i]);
    return 0;
}
