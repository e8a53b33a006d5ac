/* moonline check [TENANT] [--json]: what is wrong with the scripts, a line each, as a compiler says it. 0: nothing, or
   warnings only; 1: errors; 2: not understood. --json is for editors: [{"file", "line", "level", "message"}]. */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "main/commands.h"
#include "main/provider_list.h"
#include "main/workbench.h"
#include "observe/log.h"
#include "script/check.h"

static const char *level_name(enum finding_level level)
{
    return level == FINDING_ERROR ? "error" : "warning";
}

static void print_count(size_t count, const char *what, const char *behind)
{
    printf("%zu %s%s%s", count, what, count == 1 ? "" : "s", behind);
}

static void print_lines(
    const struct findings *findings, const struct check_counts *counts, const char *scripts_path)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        printf("%s/%s:%u: %s: %s\n", scripts_path, finding->file, finding->line,
            level_name(finding->level), finding->text);
    }
    if (findings->lost)
        printf("%zu more are not shown\n", findings->lost);
    print_count(counts->tenants, "tenant", ", ");
    print_count(counts->files, "file", ": ");
    print_count(findings_count(findings, FINDING_ERROR), "error", ", ");
    print_count(findings_count(findings, FINDING_WARNING), "warning", "\n");
}

static void print_json(const struct findings *findings, const char *scripts_path)
{
    struct strbuf out;
    strbuf_init(&out, 4 << 20);
    strbuf_add_char(&out, '[');
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", scripts_path, finding->file);
        strbuf_add_text(&out, i ? ",\n{\"file\":" : "\n{\"file\":");
        strbuf_add_json(&out, slice_from(path));
        strbuf_printf(&out, ",\"line\":%u,\"level\":\"%s\",\"message\":", finding->line,
            level_name(finding->level));
        strbuf_add_json(&out, slice_from(finding->text));
        strbuf_add_char(&out, '}');
    }
    strbuf_add_text(&out, "]");
    printf("%s\n", out.data ? out.data : "[]");
    strbuf_free(&out);
}

static bool has_provider(void *owner, const char *slot, const char *name)
{
    const struct provider_list *list = owner;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->providers[i].name, name) == 0 &&
            strcmp(slot_name(list->providers[i].driver->slot), slot) == 0)
            return true;
    return false;
}

static int check(const struct settings *settings, const struct workbench *workbench,
    const char *tenant_id, bool is_json)
{
    char why[CATALOG_WHY_SIZE];
    struct provider_list providers;
    bool has_providers = provider_list_read(&providers, settings, why) == ERR_OK || providers.count;
    struct findings findings = {0};
    struct check_counts counts;
    struct check_options options = {.scripts_path = settings->scripts,
        .tenant_id = tenant_id,
        .lua_library = bindings_library(workbench->bindings),
        .deprecated = deprecated_names,
        .has_provider = has_providers ? has_provider : NULL,
        .provider_owner = &providers};
    enum err err = check_scripts(&findings, &counts, &options);
    if (err == ERR_NOT_FOUND)
        fprintf(stderr, "moonline: there is no tenant %s%sbelow %s/tenants (MOONLINE_SCRIPTS)\n",
            tenant_id ? tenant_id : "", tenant_id ? " " : "", settings->scripts);
    else if (err)
        fprintf(stderr, "moonline: check: %s\n", err_name(err));
    else if (is_json)
        print_json(&findings, settings->scripts);
    else
        print_lines(&findings, &counts, settings->scripts);
    bool has_errors = err || findings_count(&findings, FINDING_ERROR) > 0;
    findings_free(&findings);
    provider_list_free(&providers);
    return has_errors;
}

int command_check(const struct settings *settings, int argc, char **argv)
{
    const char *tenant_id = NULL;
    bool is_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            is_json = true;
        } else if (argv[i][0] != '-' && !tenant_id) {
            tenant_id = argv[i];
        } else {
            fprintf(stderr, "moonline check [TENANT] [--json]\n");
            return 2;
        }
    }
    struct workbench workbench;
    log_set_level(LOG_ERROR);
    if (workbench_open(&workbench, settings, false)) {
        fprintf(stderr, "moonline: check: cannot start\n");
        return 1;
    }
    int status = check(settings, &workbench, tenant_id, is_json);
    workbench_close(&workbench);
    return status;
}
