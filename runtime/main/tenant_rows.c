#include "main/tenant_rows.h"

#include <jansson.h>

#include "observe/log.h"

static void put(struct records *records, enum record_kind kind, json_t *row)
{
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text || records_put_take(records, kind, text) != ERR_OK)
        log_warn("record.dropped", "kind=%s", kind == RECORD_TENANT ? "tenant" : "agent");
}

/* An empty time zone is said: null would leave an older one. */
static json_t *tenant_row(const struct agent *agent)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o*}", "id", agent->tenant_id, "name", agent->name,
        "script_version", agent->version, "time_zone", agent->time_zone, "profile",
        agent->profile_json ? json_loads(agent->profile_json, 0, NULL) : NULL);
}

static json_t *agent_row(const struct agent *agent)
{
    json_t *numbers = json_array();
    for (size_t i = 0; i < agent->number_count; i++)
        json_array_append_new(numbers, json_string(agent->numbers[i]));
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s}", "tenant_id", agent->tenant_id, "name",
        agent->name, "numbers", numbers, "greeting", agent->greeting, "voice", agent->voice_id,
        "script_version", agent->version);
}

void tenant_rows_put(struct records *records, const struct agent *agent)
{
    put(records, RECORD_TENANT, tenant_row(agent));
    put(records, RECORD_AGENT, agent_row(agent));
}
