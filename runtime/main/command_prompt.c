/* moonline prompt TENANT [--turn TEXT] [--caller NUMBER] [--phase NAME]: the system prompt as the model would read it,
   and about how many tokens each part of it is. 0: printed; 1: the tenant has none; 2: not understood. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "main/commands.h"
#include "main/workbench.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "script/call.h"
#include "text/tokens.h"

#define DATABASE_WAIT_MS 3000
#define ANSWER_WAIT_MS 5000
#define ROW "%-28s %7zu %7zu\n"

struct request {
    const char *tenant_id, *turn, *caller, *phase;
};

static bool take_option(struct request *request, const char *name, const char *value)
{
    const struct {
        const char *name, **out;
    } options[] = {
        {"--turn", &request->turn}, {"--caller", &request->caller}, {"--phase", &request->phase}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(name, options[i].name) == 0) {
            *options[i].out = value;
            return true;
        }
    }
    return false;
}

static bool read_arguments(struct request *request, int argc, char **argv)
{
    *request = (struct request){.turn = "", .caller = "+15550100001", .phase = ""};
    for (int i = 1; i < argc; i++) {
        bool is_option = argv[i][0] == '-';
        if (is_option ? i + 1 == argc || !take_option(request, argv[i], argv[i + 1])
                      : request->tenant_id != NULL)
            return false;
        if (is_option)
            i++;
        else
            request->tenant_id = argv[i];
    }
    return request->tenant_id && (!request->phase[0] || phase_is_name(slice_from(request->phase)));
}

/* ---- asking ---- */

/* NULL: no answer. */
static struct script_result *ask(struct workbench *workbench, struct script_host *host,
    const struct agent *agent, const struct request *request)
{
    struct mailbox answers;
    struct script_job *job = script_job_make(SCRIPT_PROMPT);
    if (!job)
        return NULL;
    mailbox_init(&answers, 4, workbench_stop, workbench);
    job->reply = &answers;
    job->turn = 1;
    struct script_call_facts *facts = &job->facts;
    slice_copy(
        SLICE("00000000-0000-7000-8000-000000000000"), facts->call_id, sizeof facts->call_id);
    slice_copy(slice_from(agent->tenant_id), facts->tenant_id, sizeof facts->tenant_id);
    slice_copy(slice_from(request->caller), facts->caller, sizeof facts->caller);
    slice_copy(slice_from(agent->numbers[0]), facts->called, sizeof facts->called);
    slice_copy(slice_from(request->phase), job->phase, sizeof job->phase);
    job->utterance = slice_dup(slice_from(request->turn));
    if (script_host_send(host, job))
        script_job_free(job);
    else
        workbench_run(workbench, ANSWER_WAIT_MS);
    struct letter *letter = mailbox_take_all(&answers);
    mailbox_destroy(&answers);
    return (struct script_result *)letter;
}

/* ---- printing ---- */

static size_t print_row(const char *name, struct slice text)
{
    size_t tokens = tokens_estimate(text);
    printf(ROW, name, tokens, text.len);
    return tokens;
}

/* A section goes from its "# Title" to the next one. */
static void print_sections(struct slice prompt)
{
    char title[29] = "(before the first section)";
    const char *start = prompt.data, *end = prompt.data + prompt.len;
    while (prompt.len) {
        struct slice line = slice_split(&prompt, '\n');
        if (!slice_starts(line, "# "))
            continue;
        if (line.data > start)
            print_row(title, (struct slice){start, (size_t)(line.data - start)});
        slice_copy((struct slice){line.data + 2, line.len - 2}, title, sizeof title);
        start = line.data;
    }
    print_row(title, (struct slice){start, (size_t)(end - start)});
}

static void print_tools(const struct agent *agent)
{
    json_t *tools = json_loads(agent->tools_json, 0, NULL);
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        char name[29];
        char *text = json_dumps(tool, JSON_COMPACT);
        json_t *function = json_object_get(tool, "function");
        snprintf(
            name, sizeof name, "tool %s", json_string_value(json_object_get(function, "name")));
        print_row(name, slice_from(text));
        free(text);
    }
    json_decref(tools);
}

static void print_sizes(const struct agent *agent, struct slice prompt)
{
    struct slice tools = slice_from(agent->tool_count ? agent->tools_json : "");
    printf("---\n%-28s %7s %7s\n", "", "tokens", "bytes");
    print_sections(prompt);
    print_tools(agent);
    printf(ROW, "in all", tokens_estimate(prompt) + tokens_estimate(tools), prompt.len + tools.len);
    printf("(tokens are estimated: docs/prompts.md)\n");
}

static const char *knowledge_word(const struct workbench *workbench,
    const struct settings *settings, const struct agent *agent, const struct request *request)
{
    if (!agent->knowledge.limit)
        return "not searched: agent.lua has neither faqs nor knowledge";
    if (!request->turn[0])
        return "not searched: nothing was said (--turn \"…\")";
    if (!settings->database_url[0])
        return "not searched: DATABASE_URL is not set";
    if (!workbench->database || !database_is_up(workbench->database))
        return "not searched: the database cannot be reached";
    if (metric_get(METRIC_KNOWLEDGE_FOUND))
        return "searched, and found";
    if (metric_get(METRIC_KNOWLEDGE_NOTHING))
        return "searched, and nothing is known about these words";
    if (metric_get(METRIC_KNOWLEDGE_LATE))
        return "searched, but not answered within 40 ms: a call would go on without, too";
    return "not searched: the database refused (moonline migrate?)";
}

/* A call would find it at hand. */
static void hear_of_business(struct workbench *workbench, const char *tenant_id)
{
    uint64_t end_ms = clock_ms() + DATABASE_WAIT_MS;
    if (!workbench_reach_database(workbench, DATABASE_WAIT_MS))
        return;
    while (!bindings_has_heard_of(workbench->bindings, tenant_id) && clock_ms() < end_ms)
        workbench_run(workbench, 20);
}

static int print_prompt(struct workbench *workbench, const struct settings *settings,
    struct script_host *host, const struct request *request)
{
    struct agent *agent = agent_table_find(slice_from(request->tenant_id));
    if (!agent) {
        fprintf(stderr,
            "moonline: no tenant \"%s\" loads from %s/tenants (moonline check says why)\n",
            request->tenant_id, settings->scripts);
        return 1;
    }
    hear_of_business(workbench, request->tenant_id);
    struct script_result *result = ask(workbench, host, agent, request);
    bool is_there = result && result->text;
    if (is_there) {
        fputs(result->text, stdout);
        print_sizes(agent, slice_from(result->text));
        printf("knowledge: %s\n", knowledge_word(workbench, settings, agent, request));
    } else {
        fprintf(
            stderr, "moonline: %s\n", result && result->why ? result->why : "no answer in time");
    }
    script_result_free(result);
    agent_release(agent);
    return !is_there;
}

int command_prompt(const struct settings *settings, int argc, char **argv)
{
    struct request request;
    struct workbench workbench;
    struct script_host *host;
    if (!read_arguments(&request, argc, argv)) {
        fprintf(stderr,
            "moonline prompt TENANT [--turn \"what the caller said\"] [--caller NUMBER] "
            "[--phase NAME]\n");
        return 2;
    }
    log_set_level(LOG_ERROR);
    if (workbench_open(&workbench, settings, true)) {
        fprintf(stderr, "moonline: prompt: cannot start\n");
        return 1;
    }
    struct script_host_options options = {.scripts_path = settings->scripts,
        .lua_library = bindings_library(workbench.bindings),
        .knowledge = bindings_knowledge(workbench.bindings),
        .business = bindings_business(workbench.bindings)};
    int status = 1;
    if (script_host_create(&host, workbench.loop, &options) == ERR_OK) {
        script_host_load(host);
        status = print_prompt(&workbench, settings, host, &request);
        script_host_destroy(host);
    }
    workbench_close(&workbench);
    agent_table_clear();
    return status;
}
