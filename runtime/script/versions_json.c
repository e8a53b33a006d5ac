#include "script/versions_json.h"

#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "script/rollout.h"
#include "script/shelf.h"

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

json_t *outcome_json(const struct tenant *tenant)
{
    static const char *const names[] = {[TENANT_UNCHANGED] = "unchanged",
        [TENANT_APPLIED] = "applied",
        [TENANT_CANARY] = "canary",
        [TENANT_REFUSED] = "refused",
        [TENANT_ROLLED_BACK] = "rolled_back"};
    const char *version = tenant->outcome == TENANT_UNCHANGED && tenant->current
                              ? tenant->current->agent->version
                              : tenant->outcome_version;
    return json_pack("{s:s, s:s, s:o, s:o}", "tenant", tenant->id, "outcome",
        names[tenant->outcome], "version", text_or_null(version), "error",
        text_or_null(tenant->refusal));
}

static json_int_t count_calls(const struct script_host *host, const struct version *version)
{
    json_int_t count = 0;
    for (const struct script_call *call = host->calls; call; call = call->hh.next)
        count += call->version == version;
    return count;
}

static json_t *since_json(uint64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    if (!wall_ms)
        return json_null();
    clock_wall_text(wall_ms, text);
    return json_string(text);
}

static json_t *version_json(
    const struct script_host *host, const struct tenant *tenant, const struct version *version)
{
    json_t *row =
        json_pack("{s:s, s:s, s:I, s:o, s:I, s:I, s:o}", "version", version->agent->version,
            "state", rollout_state(tenant, version), "calls", count_calls(host, version), "since",
            since_json(version->since_wall_ms), "runs", (json_int_t)version->runs, "errors",
            (json_int_t)version->errors, "why", text_or_null(version->why));
    if (row && version == tenant->canary)
        json_object_set_new(row, "percent", json_integer(version->canary_percent));
    return row;
}

/* Versions that were live in earlier times and are in no call. */
static void add_kept(const struct script_host *host, const struct tenant *tenant, json_t *list)
{
    struct shelf_index index;
    if (!host->options.shelf)
        return;
    shelf_list(host->options.shelf, tenant->id, &index);
    for (size_t i = 0; i < index.count; i++) {
        const struct shelf_entry *entry = &index.entries[i];
        bool is_rolled_back = shelf_entry_is_rolled_back(entry);
        if (version_find(&tenant->versions, entry->version))
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:i, s:o, s:i, s:i, s:o}", "version", entry->version,
                      "state", is_rolled_back ? "rolled_back" : "kept", "calls", 0, "since",
                      since_json(is_rolled_back ? entry->rolled_back_at_ms : entry->applied_at_ms),
                      "runs", 0, "errors", 0, "why",
                      is_rolled_back ? text_or_null(entry->why) : json_null()));
    }
}

json_t *versions_json(const struct script_host *host, const struct tenant *tenant)
{
    const struct version *version;
    json_t *list = json_array();
    DL_FOREACH(tenant->versions.first, version)
    {
        if (version->agent)
            json_array_append_new(list, version_json(host, tenant, version));
    }
    add_kept(host, tenant, list);
    return json_pack("{s:s, s:o}", "tenant", tenant->id, "versions", list);
}
