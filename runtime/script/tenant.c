#include "script/tenant.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "script/build.h"

/* "file:12: message" → its parts; no such form: file "", line 0. */
static void split_place(
    const char *why, char file[SOURCE_NAME_SIZE], unsigned *line, const char **message)
{
    const char *colon = strchr(why, ':');
    char *end;
    file[0] = 0;
    *line = 0;
    *message = why;
    if (!colon || !isdigit((unsigned char)colon[1]))
        return;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (*end != ':')
        return;
    slice_copy((struct slice){why, (size_t)(colon - why)}, file, SOURCE_NAME_SIZE);
    *line = (unsigned)number;
    *message = end + 1 + strspn(end + 1, " ");
}

static void refuse(struct tenant *tenant, const char *why)
{
    char file[SOURCE_NAME_SIZE];
    unsigned line;
    const char *message;
    agent_table_note_failure(tenant->id, why);
    if (strcmp(tenant->refusal, why) == 0)
        return;
    slice_copy(slice_from(why), tenant->refusal, sizeof tenant->refusal);
    split_place(why, file, &line, &message);
    log_error(
        "script.refused", "tenant=%s file=%s line=%u message=%s", tenant->id, file, line, message);
    metric_add(METRIC_SCRIPT_RELOADS_REFUSED, 1);
}

static bool publish(struct tenant *tenant, struct version *version)
{
    char why[256], place[512];
    if (agent_table_publish(version->agent, why)) {
        tenant->refusal[0] = 0;
        return true;
    }
    snprintf(place, sizeof place, "agent.lua:%u: %s",
        sources_line(version->sources, "agent.lua", "numbers"), why);
    refuse(tenant, place);
    return false;
}

static void replace(struct tenant *tenant, struct version *version, uint64_t elapsed_ms)
{
    bool is_reload = tenant->version != NULL;
    version_release(tenant->version);
    tenant->version = version;
    if (is_reload)
        metric_add(METRIC_SCRIPT_RELOADS, 1);
    log_info("script.loaded", "tenant=%s version=%s files=%zu tools=%zu elapsed_ms=%llu",
        tenant->id, version->agent->version, version->sources->count, version->agent->tool_count,
        (unsigned long long)elapsed_ms);
}

/* The files are back to what answers already. */
static void settle(struct tenant *tenant)
{
    if (!tenant->refusal[0])
        return;
    if (publish(tenant, tenant->version))
        log_info(
            "script.restored", "tenant=%s version=%s", tenant->id, tenant->version->agent->version);
}

void tenant_refresh(struct tenant *tenant, const char *scripts_path, struct runner *runner)
{
    char why[512];
    if (tenant->next_version) {
        tenant->is_stale = true;
        return;
    }
    if (tenant->version && !sources_changed(tenant->version->sources)) {
        settle(tenant);
        return;
    }
    tenant->build_started_ms = clock_ms();
    if (build_new(&tenant->next_version, scripts_path, tenant->id, &runner->lua_library, why))
        refuse(tenant, why);
    else
        runner_build(runner, tenant->next_version);
}

void tenant_built(
    struct tenant *tenant, const char *why, const char *scripts_path, struct runner *runner)
{
    struct version *version = tenant->next_version;
    tenant->next_version = NULL;
    if (why)
        refuse(tenant, why);
    if (!why && publish(tenant, version))
        replace(tenant, version, clock_ms() - tenant->build_started_ms);
    else
        version_release(version);
    if (!tenant->is_stale)
        return;
    tenant->is_stale = false;
    tenant_refresh(tenant, scripts_path, runner);
}

void tenant_finish(struct tenant *tenant, const char *scripts_path, struct runner *runner)
{
    char why[512];
    if (!tenant->next_version)
        return;
    enum err err = build_finish(tenant->next_version, why);
    tenant_built(tenant, err ? why : NULL, scripts_path, runner);
}

void tenant_destroy(struct tenant *tenant)
{
    version_release(tenant->next_version);
    version_release(tenant->version);
    free(tenant);
}

static int is_candidate(const struct dirent *entry)
{
    if (entry->d_name[0] == '.' ||
        (entry->d_type != DT_DIR && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN))
        return 0;
    if (source_is_tenant(entry->d_name))
        return 1;
    log_warn("script.refused", "tenant=%s message=%s", entry->d_name,
        "a tenant's name is made of a-z, 0-9, - and _");
    return 0;
}

enum err tenant_list(const char *scripts_path, void (*fn)(void *owner, const char *id), void *owner)
{
    char path[PATH_MAX];
    struct dirent **names;
    snprintf(path, sizeof path, "%s/tenants", scripts_path);
    int count = scandir(path, &names, is_candidate, alphasort);
    if (count < 0) {
        log_error("script.unreadable", "path=%s why=%s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    for (int i = 0; i < count; i++) {
        fn(owner, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return ERR_OK;
}
