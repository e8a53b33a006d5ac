#include "script/rollout.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "script/news.h"
#include "script/shelf.h"

/* --- probation --- */

bool rollout_is_on_probation(
    const struct script_host *host, const struct tenant *tenant, const struct version *version)
{
    return version == tenant->canary || version->runs < host->options.probation_runs ||
           clock_ms() < version->live_since_ms + host->options.probation_ms;
}

static void begin_probation(struct tenant *tenant, struct version *version)
{
    tenant->banned[0] = 0;
    version->fate = VERSION_FINE;
    version->live_order = ++tenant->last_order;
    version->live_since_ms = clock_ms();
    version->since_wall_ms = clock_wall_ms();
    version->runs = version->errors = 0;
    version->why[0] = 0;
}

/* --- going live --- */

static bool publish(struct tenant *tenant, const struct version *version, unsigned percent)
{
    char why[256], place[512];
    if (tenant->is_withdrawn)
        return true;
    bool is_published = percent ? agent_table_publish_canary(version->agent, percent, why)
                                : agent_table_publish(version->agent, why);
    if (is_published) {
        tenant->refusal[0] = 0;
        return true;
    }
    tenant->lacks_number = version->origin == VERSION_FROM_FILES;
    snprintf(place, sizeof place, "agent.lua:%u: %s",
        sources_line(version->sources, "agent.lua", "numbers"), why);
    tenant_refuse(tenant, place);
    return false;
}

static void set_pinned(struct version **place, struct version *version)
{
    struct version *old = *place;
    *place = version ? version_pin(version) : NULL;
    version_unpin(old);
}

static void set_held(struct version **place, struct version *version)
{
    struct version *old = *place;
    *place = version ? version_hold(version) : NULL;
    version_release(old);
}

static void drop_canary(struct tenant *tenant)
{
    if (!tenant->canary)
        return;
    tenant->canary->since_wall_ms = clock_wall_ms();
    set_pinned(&tenant->canary, NULL);
}

/* The one that a rollback goes to made no errors, or has stood the test; if there is such. */
static void keep_previous(const struct script_host *host, struct tenant *tenant)
{
    struct version *old = tenant->current;
    bool is_good = old && (old->errors == 0 || !rollout_is_on_probation(host, tenant, old));
    if (!old || (!is_good && tenant->previous))
        return;
    set_held(&tenant->previous, old);
    old->since_wall_ms = clock_wall_ms();
}

/* Where what was published wins over files, files are what there is until then, at every start anew. */
static void remember(
    const struct script_host *host, const struct tenant *tenant, const struct version *version)
{
    struct shelf *shelf = host->options.shelf;
    if (!shelf || (host->options.keeps_published && version->origin == VERSION_FROM_FILES))
        return;
    if (version->origin != VERSION_FROM_SHELF && shelf_keep(shelf, version->sources))
        log_warn("script.not_kept", "tenant=%s version=%s", tenant->id, version->agent->version);
    shelf_set_applied(shelf, tenant->id, version->agent->version);
}

static void make_current(struct script_host *host, struct tenant *tenant, struct version *version)
{
    version_hold(version);
    set_pinned(&tenant->current, version);
    drop_canary(tenant);
    if (tenant->previous == version)
        set_held(&tenant->previous, NULL);
    begin_probation(tenant, version);
    runner_learn(&host->runner, tenant->id);
    remember(host, tenant, version);
    version_release(version);
}

static void set_outcome(
    struct tenant *tenant, enum tenant_outcome outcome, const struct version *version)
{
    tenant->outcome = outcome;
    memcpy(tenant->outcome_version, version->agent->version, VERSION_SIZE);
}

bool rollout_go_live(struct script_host *host, struct tenant *tenant, struct version *version)
{
    bool is_reload = tenant->current != NULL;
    if (!publish(tenant, version, 0))
        return false;
    if (tenant->current != version)
        keep_previous(host, tenant);
    make_current(host, tenant, version);
    set_outcome(tenant, TENANT_APPLIED, version);
    if (is_reload) {
        metric_add(METRIC_SCRIPT_RELOADS, 1);
        news_note(tenant->id, version->agent->version, "applied");
    }
    return true;
}

bool rollout_enter_canary(struct script_host *host, struct tenant *tenant, struct version *version)
{
    if (!publish(tenant, version, version->canary_percent))
        return false;
    set_pinned(&tenant->canary, version);
    begin_probation(tenant, version);
    set_outcome(tenant, TENANT_CANARY, version);
    metric_add(METRIC_SCRIPT_RELOADS_CANARY, 1);
    news_note(tenant->id, version->agent->version, "canary");
    log_info("script.canary", "tenant=%s version=%s percent=%u", tenant->id,
        version->agent->version, version->canary_percent);
    return true;
}

bool rollout_promote(struct script_host *host, struct tenant *tenant)
{
    if (!tenant->canary)
        return false;
    struct version *version = version_hold(tenant->canary);
    bool is_live = publish(tenant, version, 0);
    if (is_live) {
        keep_previous(host, tenant);
        make_current(host, tenant, version);
        set_outcome(tenant, TENANT_APPLIED, version);
        metric_add(METRIC_SCRIPT_RELOADS_PROMOTED, 1);
        news_note(tenant->id, version->agent->version, "promoted");
        log_info("script.promoted", "tenant=%s version=%s", tenant->id, version->agent->version);
    }
    version_release(version);
    return is_live;
}

void rollout_restore(struct tenant *tenant)
{
    struct version *canary = tenant->canary;
    if (canary && canary->origin != VERSION_FROM_FILES) {
        publish(tenant, canary, canary->canary_percent);
    } else if (publish(tenant, tenant->current, 0)) {
        drop_canary(tenant);
        log_info(
            "script.restored", "tenant=%s version=%s", tenant->id, tenant->current->agent->version);
    }
}

/* --- taking back --- */

static void blame(
    struct script_host *host, struct tenant *tenant, struct version *version, const char *why)
{
    version->fate = VERSION_ROLLED_BACK;
    version->since_wall_ms = clock_wall_ms();
    snprintf(version->why, sizeof version->why, "%s", why);
    memcpy(tenant->banned, version->agent->version, VERSION_SIZE);
    snprintf(tenant->refusal, sizeof tenant->refusal, "version %s was rolled back: %.440s",
        version->agent->version, why);
    agent_table_note_failure(tenant->id, tenant->refusal);
    set_outcome(tenant, TENANT_ROLLED_BACK, version);
    tenant_keep_past(tenant, version);
    if (host->options.shelf)
        shelf_mark_rolled_back(host->options.shelf, tenant->id, version->agent->version, why);
    metric_add(METRIC_SCRIPT_RELOADS_ROLLED_BACK, 1);
    news_note(tenant->id, version->agent->version, "rolled_back");
    log_error("script.rolled_back", "tenant=%s version=%s to=%s why=%s", tenant->id,
        version->agent->version, tenant->current->agent->version, why);
}

bool rollout_take_back(struct script_host *host, struct tenant *tenant, struct version *version,
    struct version *target, const char *why)
{
    bool is_canary = version == tenant->canary;
    char reason[VERSION_WHY_SIZE];
    snprintf(reason, sizeof reason, "%s", why); /* it may be the version's own text */
    if (is_canary)
        target = tenant->current;
    if (!target || !publish(tenant, target, 0))
        return false;
    version_hold(version);
    if (is_canary)
        drop_canary(tenant);
    else
        make_current(host, tenant, target);
    blame(host, tenant, version, reason);
    version_release(version);
    return true;
}

void rollout_note_run(struct script_host *host, struct tenant *tenant, struct version *version,
    enum script_ending ending, const char *why)
{
    bool is_live = version == tenant->current || version == tenant->canary;
    bool is_on_probation = rollout_is_on_probation(host, tenant, version);
    if (ending == SCRIPT_DONE) {
        version->runs++;
        return;
    }
    if (ending == SCRIPT_TIMEOUT) /* what it waited for was slow, or its neighbours were busy */
        return;
    version->errors++;
    size_t len = strlen(version->why);
    if (version->errors <= VERSION_ERRORS_MAX)
        snprintf(version->why + len, sizeof version->why - len, "%s%.150s", len ? "; " : "", why);
    if (is_live && is_on_probation && version->errors >= VERSION_ERRORS_MAX &&
        !rollout_take_back(host, tenant, version, tenant->previous, version->why) &&
        version->errors == VERSION_ERRORS_MAX)
        log_error("script.failing", "tenant=%s version=%s message=%s why=%s", tenant->id,
            version->agent->version, "there is no version to go back to", version->why);
}

/* --- who is answered by which --- */

static struct version *choose_for_new(const struct tenant *tenant, const struct script_call *call)
{
    const char *sid = call->facts.call_sid[0] ? call->facts.call_sid : call->facts.call_id;
    bool is_canary = tenant->canary && agent_is_for_canary(sid, tenant->canary->canary_percent);
    return is_canary ? tenant->canary : tenant->current;
}

struct version *rollout_choose(const struct tenant *tenant, const struct script_call *call)
{
    struct version *mine =
        call->version ? call->version : version_find(&tenant->versions, call->began_with);
    if (!mine || !mine->live_order)
        return choose_for_new(tenant, call);
    if (mine->fate == VERSION_ROLLED_BACK)
        return tenant->current;
    bool is_older = mine->live_order < tenant->current->live_order;
    bool stays = call->is_kept || mine->agent->keeps_calls || !is_older;
    return stays ? mine : tenant->current;
}

const char *rollout_state(const struct tenant *tenant, const struct version *version)
{
    if (version == tenant->current)
        return "current";
    if (version == tenant->canary)
        return "canary";
    if (version == tenant->next_version)
        return "building";
    if (version == tenant->trying)
        return "trying";
    switch (version->fate) {
    case VERSION_ROLLED_BACK:
        return "rolled_back";
    case VERSION_REFUSED:
        return "refused";
    case VERSION_FINE:
        break;
    }
    return version == tenant->previous ? "previous" : "held";
}
