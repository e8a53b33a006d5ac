#include "script/check.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/build.h"
#include "script/check_files.h"
#include "script/check_schema.h"
#include "script/tenant.h"

#define TENANTS_MAX 256
#define TOOL_FILES_MAX 256
#define PROMPT_LARGE_BYTES (24u << 10)

/* A tool's file, and whether an agent that loads requires it. */
struct tool_file {
    char name[SOURCE_NAME_SIZE]; /* "tools/book.lua" */
    char tool[TOOL_NAME_SIZE];   /* what it calls itself; empty: not known */
    bool is_used;
};

struct checker {
    const struct check_options *options;
    struct findings *findings;
    struct check_counts *counts;
    struct globals *globals;
    struct agent *agents[TENANTS_MAX];
    size_t agent_count;
    struct tool_file tools[TOOL_FILES_MAX];
    size_t tool_count;
    bool has_failed; /* a tenant did not load: what it would use is not known */
};

struct tool_check {
    struct checker *checker;
    const struct tool_file *tool;
};

/* ---- what a version says of itself ---- */

static struct tool_file *find_tool_file(struct checker *checker, const char *name)
{
    for (size_t i = 0; i < checker->tool_count; i++)
        if (strcmp(checker->tools[i].name, name) == 0)
            return &checker->tools[i];
    return NULL;
}

/* Which file a tool of the version was written in. */
static const char *file_of_tool(const struct program *program, const struct program_tool *tool)
{
    const struct source *source = program_tool_source(program, tool);
    return source ? source->name : "agent.lua";
}

static void check_tools(struct checker *checker, const struct version *version)
{
    const struct program *program = version->program;
    for (size_t i = 0; i < program->tool_count; i++) {
        const struct program_tool *tool = &program->tools[i];
        const char *file = file_of_tool(program, tool);
        struct tool_file *known = find_tool_file(checker, file);
        check_schema(checker->findings, version->sources, file,
            json_object_get(version->schemas, tool->name));
        if (known && !known->tool[0])
            memcpy(known->tool, tool->name, sizeof known->tool);
    }
}

static void note_used_files(struct checker *checker, const struct version *version)
{
    for (size_t i = 0; i < version->sources->count; i++) {
        struct tool_file *tool = find_tool_file(checker, version->sources->files[i].name);
        if (tool)
            tool->is_used = true;
    }
}

static void check_deprecated_fields(struct checker *checker, const struct version *version)
{
    const struct deprecated_name *names = checker->options->deprecated;
    for (; names && names->name; names++)
        if (program_has_field(version->program, names->name))
            findings_add(checker->findings, FINDING_WARNING, "agent.lua",
                sources_line(version->sources, "agent.lua", names->name),
                "%s is going away: write %s", names->name, names->instead);
}

static void keep_agent(struct checker *checker, struct agent *agent)
{
    if (checker->agent_count < TENANTS_MAX)
        checker->agents[checker->agent_count++] = agent_hold(agent);
}

static void check_numbers(struct checker *checker, const struct version *version)
{
    if (version->agent->number_count == 0)
        findings_add(checker->findings, FINDING_WARNING, "agent.lua",
            sources_line(version->sources, "agent.lua", "numbers"),
            "no number leads to this tenant: add numbers = { \"+15550100002\" }");
    keep_agent(checker, version->agent);
}

static void check_slot(struct checker *checker, const struct version *version, const char *slot,
    const struct agent_providers *providers)
{
    const struct check_options *options = checker->options;
    for (size_t i = 0; options->has_provider && i < providers->count; i++) {
        char path[64];
        const char *name = providers->list[i].name;
        snprintf(path, sizeof path, "providers.%s[%zu]", slot, i + 1);
        if (!options->has_provider(options->provider_owner, slot, name))
            findings_add(checker->findings, FINDING_WARNING, "agent.lua",
                sources_line(version->sources, "agent.lua", path),
                "%s names %s, which is no provider here: others are asked (moonline providers "
                "lists "
                "them)",
                path, name);
    }
}

static void check_providers(struct checker *checker, const struct version *version)
{
    check_slot(checker, version, "hear", &version->agent->hear);
    check_slot(checker, version, "think", &version->agent->think);
    check_slot(checker, version, "speak", &version->agent->speak);
}

static void check_prompt(struct checker *checker, const struct version *version)
{
    if (version->prompt_bytes > PROMPT_LARGE_BYTES)
        findings_add(checker->findings, FINDING_WARNING, "agent.lua",
            sources_line(version->sources, "agent.lua", "prompt"),
            "the prompt is %zu KiB, about %zu tokens, which each turn of a call sends, pays for "
            "and "
            "waits for: let faqs hold what is seldom asked (docs/prompts.md)",
            version->prompt_bytes >> 10, version->prompt_tokens);
}

static void on_fault(void *owner, const char *fault)
{
    findings_add_place(owner, fault);
}

static void check_version(struct checker *checker, struct version *version)
{
    char why[512];
    version->sources->on_fault = on_fault;
    version->sources->fault_owner = checker->findings;
    if (build_finish(version, why)) {
        findings_add_place(checker->findings, why);
        checker->has_failed = true;
        return;
    }
    note_used_files(checker, version);
    check_tools(checker, version);
    check_deprecated_fields(checker, version);
    check_numbers(checker, version);
    check_providers(checker, version);
    check_prompt(checker, version);
}

static struct files_check files_of(struct checker *checker, const char *tenant_id)
{
    return (struct files_check){.findings = checker->findings,
        .globals = checker->globals,
        .scripts_path = checker->options->scripts_path,
        .tenant_id = tenant_id,
        .count = &checker->counts->files};
}

static void check_tenant(void *owner, const char *tenant_id)
{
    struct checker *checker = owner;
    char why[512];
    struct version *version;
    const struct check_options *options = checker->options;
    if (options->tenant_id && strcmp(options->tenant_id, tenant_id) != 0)
        return;
    checker->counts->tenants++;
    findings_enter(checker->findings, tenant_id);
    if (build_new(&version, options->scripts_path, tenant_id, &options->lua_library, why)) {
        findings_add_place(checker->findings, why);
        checker->has_failed = true;
    } else {
        check_version(checker, version);
        version_release(version);
    }
    const struct files_check check = files_of(checker, tenant_id);
    check_tenant_files(&check);
}

/* Where one tenant is checked: the others count for the numbers that they have, and their faults are theirs. */
static void note_other(void *owner, const char *tenant_id)
{
    struct checker *checker = owner;
    const struct check_options *options = checker->options;
    char why[512];
    struct version *version;
    if (strcmp(options->tenant_id, tenant_id) == 0 ||
        build_new(&version, options->scripts_path, tenant_id, &options->lua_library, why))
        return;
    if (build_finish(version, why) == ERR_OK)
        keep_agent(checker, version->agent);
    version_release(version);
}

/* ---- what tenants share ---- */

static void list_tools(struct checker *checker)
{
    char folder[PATH_MAX];
    struct dirent **entries;
    snprintf(folder, sizeof folder, "%s/tools", checker->options->scripts_path);
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        bool is_tool = name[0] != '.' && check_has_ending(name, ".lua") &&
                       !check_has_ending(name, "_test.lua");
        if (is_tool && checker->tool_count < TOOL_FILES_MAX)
            snprintf(
                checker->tools[checker->tool_count++].name, SOURCE_NAME_SIZE, "tools/%.100s", name);
        free(entries[i]);
    }
    if (count > 0)
        free(entries);
}

/* "tools/book.lua" → "tools.book" */
static void warn_unused_tool(struct checker *checker, const struct tool_file *tool)
{
    size_t len = strlen(tool->name) - strlen("tools/.lua");
    findings_add(checker->findings, FINDING_WARNING, tool->name, 1,
        "no tenant uses this tool: require(\"tools.%.*s\") in the tools of an agent.lua", (int)len,
        tool->name + strlen("tools/"));
}

/* What is wrong with an agent that is made up for one tool is wrong with the tool. */
static void on_tool_fault(void *owner, const char *fault)
{
    char why[512];
    struct tool_check *check = owner;
    bool is_ours = strncmp(fault, "agent.lua:", 10) == 0;
    const char *text = is_ours ? strchr(fault, ' ') : NULL;
    snprintf(why, sizeof why, "%s:1:%.380s", check->tool->name, text ? text : fault);
    findings_add_place(check->checker->findings, is_ours ? why : fault);
}

/* As an agent that uses it would be. NULL: no memory. */
static struct version *load_tool(
    struct checker *checker, const struct tool_file *tool, char why[512])
{
    char agent[400];
    struct sources *sources;
    struct version *version;
    int len = snprintf(agent, sizeof agent,
        "return { name = 'check', prompt = function() return 'p' end, tools = { "
        "require('tools.%.*s')"
        " } }",
        (int)(strlen(tool->name) - strlen("tools/.lua")), tool->name + strlen("tools/"));
    if (sources_create(&sources, checker->options->scripts_path, "check"))
        return NULL;
    if (sources_put_take(sources, "agent.lua", slice_dup((struct slice){agent, (size_t)len}),
            (size_t)len, why)) {
        sources_release(sources);
        return NULL;
    }
    enum err err = build_sources(&version, NULL, sources, &checker->options->lua_library, why);
    return err ? NULL : version;
}

static void check_unused_tool(struct checker *checker, const struct tool_file *tool)
{
    char why[512] = "";
    struct tool_check check = {checker, tool};
    struct version *version = load_tool(checker, tool, why);
    if (!version)
        return;
    version->sources->on_fault = on_tool_fault;
    version->sources->fault_owner = &check;
    if (build_finish(version, why))
        on_tool_fault(&check, why);
    else
        check_tools(checker, version);
    version_release(version);
}

static void check_shared(struct checker *checker)
{
    const struct files_check check = files_of(checker, "");
    check_shared_files(&check);
    for (size_t i = 0; i < checker->tool_count; i++) {
        if (checker->tools[i].is_used)
            continue;
        check_unused_tool(checker, &checker->tools[i]);
        if (!checker->has_failed)
            warn_unused_tool(checker, &checker->tools[i]);
    }
}

static void check_tool_names(struct checker *checker)
{
    for (size_t i = 0; i < checker->tool_count; i++)
        for (size_t n = i + 1; n < checker->tool_count; n++)
            if (checker->tools[i].tool[0] &&
                strcmp(checker->tools[i].tool, checker->tools[n].tool) == 0)
                findings_add(checker->findings, FINDING_WARNING, checker->tools[n].name, 1,
                    "calls its tool %s, as %s does: an agent can have one of them only",
                    checker->tools[n].tool, checker->tools[i].name);
}

static unsigned line_of_numbers(const struct checker *checker, const char *tenant_id)
{
    struct sources *sources;
    struct slice text;
    char why[256];
    unsigned line = 1;
    if (sources_create(&sources, checker->options->scripts_path, tenant_id))
        return line;
    if (!sources_get(sources, "agent.lua", &text, why))
        line = sources_line(sources, "agent.lua", "numbers");
    sources_release(sources);
    return line;
}

static void check_rivals(
    struct checker *checker, const struct agent *agent, const struct agent *other)
{
    for (size_t i = 0; i < agent->number_count; i++)
        for (size_t n = 0; n < other->number_count; n++) {
            if (strcmp(agent->numbers[i], other->numbers[n]) != 0)
                continue;
            findings_enter(checker->findings, agent->tenant_id);
            findings_add(checker->findings, FINDING_ERROR, "agent.lua",
                line_of_numbers(checker, agent->tenant_id),
                "number %s belongs to tenant %s too: a number leads to one tenant",
                agent->numbers[i], other->tenant_id);
        }
}

static void check_all_numbers(struct checker *checker)
{
    const char *only = checker->options->tenant_id;
    for (size_t i = 0; i < checker->agent_count; i++) {
        if (only && strcmp(checker->agents[i]->tenant_id, only) != 0)
            continue;
        for (size_t n = 0; n < checker->agent_count; n++)
            if (i != n)
                check_rivals(checker, checker->agents[i], checker->agents[n]);
    }
}

enum err check_scripts(
    struct findings *findings, struct check_counts *counts, const struct check_options *options)
{
    struct checker *checker = calloc(1, sizeof *checker);
    if (!checker)
        return ERR_NOMEM;
    *counts = (struct check_counts){0};
    checker->options = options;
    checker->findings = findings;
    checker->counts = counts;
    enum err err = globals_create(&checker->globals, &options->lua_library, options->deprecated);
    if (!err) {
        list_tools(checker);
        err = tenant_list(options->scripts_path, check_tenant, checker);
        if (err || counts->tenants == 0)
            err = ERR_NOT_FOUND;
    }
    if (!err && !options->tenant_id) {
        check_shared(checker);
        check_tool_names(checker);
    } else if (!err) {
        err = tenant_list(options->scripts_path, note_other, checker);
    }
    if (!err)
        check_all_numbers(checker);
    for (size_t i = 0; i < checker->agent_count; i++)
        agent_release(checker->agents[i]);
    globals_destroy(checker->globals);
    free(checker);
    findings_sort(findings);
    return err;
}
