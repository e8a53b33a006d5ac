#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "script/news.h"
#include "script/tenant.h"

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

void tenant_refuse(struct tenant *tenant, const char *why)
{
    char file[SOURCE_NAME_SIZE];
    unsigned line;
    const char *message;
    tenant->outcome = TENANT_REFUSED;
    tenant->outcome_version[0] = 0;
    agent_table_note_failure(tenant->id, why);
    if (strcmp(tenant->refusal, why) == 0)
        return;
    slice_copy(slice_from(why), tenant->refusal, sizeof tenant->refusal);
    split_place(why, file, &line, &message);
    log_error(
        "script.refused", "tenant=%s file=%s line=%u message=%s", tenant->id, file, line, message);
    metric_add(METRIC_SCRIPT_RELOADS_REFUSED, 1);
    news_note(tenant->id, "", "refused");
}

void tenant_refuse_version(struct tenant *tenant, struct version *version, const char *why)
{
    tenant_refuse(tenant, why);
    memcpy(tenant->outcome_version, version->agent->version, VERSION_SIZE);
    if (version->fate == VERSION_FINE) {
        version->fate = VERSION_REFUSED;
        version->since_wall_ms = clock_wall_ms();
        slice_copy(slice_from(why), version->why, sizeof version->why);
    }
    tenant_keep_past(tenant, version);
}

void tenant_keep_past(struct tenant *tenant, struct version *version)
{
    for (size_t i = 0; i < TENANT_PAST_MAX; i++)
        if (tenant->past[i] == version)
            return;
    version_release(tenant->past[TENANT_PAST_MAX - 1]);
    memmove(tenant->past + 1, tenant->past, sizeof tenant->past - sizeof *tenant->past);
    tenant->past[0] = version_hold(version);
}
