#include "main/published.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "main/outcomes.h"
#include "observe/log.h"

#define SETTLE_MS 45000 /* for a version to be built, and its tests to run */
#define AGAIN_MS                                                                                   \
    20000 /* before a refused version is tried again: another tenant may have given its number back */

static void hand_part(struct published *tenant);

/* Of the part under way. */
static const char *version_of(const struct published *tenant)
{
    return tenant->part == PART_CANARY ? tenant->now.canary_version : tenant->now.version;
}

/* ---- the end of a binding ---- */

static void on_noted(void *owner, enum err err, struct slice value, const char *why)
{
    struct published *tenant = owner;
    if (err)
        tenant->is_noted = false;
}

void published_note(struct published *tenant)
{
    tenant->is_noted = true;
    for (enum part part = PART_WHOLE; part < PARTS; part++) {
        const struct verdict *verdict = &tenant->verdicts[part];
        if (verdict->version[0] &&
            publications_note(tenant->publications, tenant->tenant_id, verdict->version,
                verdict->state, verdict->why, on_noted, tenant))
            tenant->is_noted = false;
    }
}

static void judge(struct published *tenant, const char *state, const char *why)
{
    struct verdict *verdict = &tenant->verdicts[tenant->part];
    const char *version = version_of(tenant);
    memcpy(verdict->version, version, VERSION_SIZE);
    verdict->state = state;
    slice_copy(slice_from(why), verdict->why, sizeof verdict->why);
    bool is_canary = strcmp(state, "canary") == 0;
    if (tenant->part == PART_CANARY)
        slice_copy(slice_from(is_canary ? version : ""), tenant->running_canary, VERSION_SIZE);
    if (strcmp(state, "refused") == 0)
        tenant->again_ms = clock_ms() + AGAIN_MS;
    if (tenant->now.id != tenant->handed_id)
        log_info("publishing.judged", "tenant=%s version=%s state=%s why=%s", tenant->tenant_id,
            version, state, why);
}

static void end(struct published *tenant)
{
    tenant->is_busy = false;
    tenant->done_id = tenant->handed_id = tenant->now.id;
    published_note(tenant);
    if (tenant->wanted.id != tenant->done_id)
        published_begin(tenant);
}

/* For want of the database, or of time: not done, so the next reading begins again. */
static void put_off(struct published *tenant, const char *why)
{
    log_warn("publishing.put_off", "tenant=%s why=%s", tenant->tenant_id, why);
    tenant->is_busy = false;
}

static void go_on(struct published *tenant)
{
    if (tenant->part == PART_WHOLE && tenant->now.canary_version[0]) {
        tenant->part = PART_CANARY;
        hand_part(tenant);
    } else {
        end(tenant);
    }
}

/* ---- asking the script thread ---- */

static void ask(struct published *tenant, enum script_job_kind kind, const char *version,
    char *bundle_take, script_desk_fn *fn)
{
    struct script_job *job = script_job_make(kind);
    if (!job) {
        free(bundle_take);
        put_off(tenant, "no memory");
        return;
    }
    memcpy(job->facts.tenant_id, tenant->tenant_id, sizeof job->facts.tenant_id);
    slice_copy(slice_from(version), job->version, sizeof job->version);
    job->bundle = bundle_take;
    job->canary_percent = tenant->part == PART_CANARY ? tenant->now.canary_percent : 0;
    job->is_wanted = tenant->now.id != tenant->handed_id;
    if (script_desk_ask_take(tenant->desk, &tenant->ticket, job, SETTLE_MS, fn, tenant)) {
        tenant->ticket = 0;
        put_off(tenant, "the scripts' thread is busy");
    }
}

static void on_promoted(void *owner, enum err err, const char *json, const char *why)
{
    struct published *tenant = owner;
    tenant->ticket = 0;
    if (err && err != ERR_REFUSED) {
        put_off(tenant, why);
        return;
    }
    judge(tenant, err ? "refused" : "applied", why);
    go_on(tenant);
}

/* A version that wants to be a canary by itself is bound to all calls all the same. And where another one was rolled back,
   this one is what was gone back to. */
static void take_outcome(
    struct published *tenant, const char *outcome, const char *version, const char *why)
{
    bool is_canary = tenant->part == PART_CANARY;
    if (strcmp(outcome, "canary") == 0 && !is_canary) {
        ask(tenant, SCRIPT_PROMOTE, "", NULL, on_promoted);
        return;
    }
    if (strcmp(outcome, "refused") == 0)
        judge(tenant, "refused", why);
    else if (strcmp(outcome, "rolled_back") == 0 && strcmp(version, version_of(tenant)) == 0)
        judge(tenant, "rolled_back", why);
    else
        judge(tenant, is_canary && strcmp(outcome, "applied") != 0 ? "canary" : "applied", "");
    go_on(tenant);
}

static void on_published(void *owner, enum err err, const char *json, const char *why)
{
    struct published *tenant = owner;
    tenant->ticket = 0;
    if (err == ERR_REFUSED) {
        judge(tenant, "refused", why);
        go_on(tenant);
        return;
    }
    json_t *root = err ? NULL : json_loads(json, 0, NULL);
    const json_t *row = json_array_get(json_object_get(root, "tenants"), 0);
    if (row)
        take_outcome(tenant, outcomes_text(row, "outcome"), outcomes_text(row, "version"),
            outcomes_text(row, "error"));
    else
        put_off(tenant, why);
    json_decref(root);
}

static void on_bundle(void *owner, enum err err, struct slice value, const char *why)
{
    struct published *tenant = owner;
    char *bundle = err ? NULL : slice_dup(value);
    if (err == ERR_NOT_FOUND) {
        judge(tenant, "refused", "its files are not in the database");
        go_on(tenant);
    } else if (!bundle) {
        put_off(tenant, err ? why : "no memory");
    } else {
        ask(tenant, SCRIPT_PUBLISH, "", bundle, on_published);
    }
}

static void fetch(struct published *tenant)
{
    if (publications_fetch(
            tenant->publications, tenant->tenant_id, version_of(tenant), on_bundle, tenant))
        put_off(tenant, "too many questions wait for the database");
}

/* Going back is more than going live: calls get the state that they had. What is not kept here is fetched. */
static void on_back(void *owner, enum err err, const char *json, const char *why)
{
    struct published *tenant = owner;
    tenant->ticket = 0;
    if (err == ERR_REFUSED)
        fetch(tenant);
    else
        on_published(owner, err, json, why);
}

/* ---- the steps of a binding ---- */

static bool was_rolled_back(
    const struct published *tenant, const char *version, uint64_t since_ms, char why[WHY_SIZE])
{
    struct shelf_index index;
    if (!shelf_is_rolled_back(tenant->shelf, tenant->tenant_id, version))
        return false;
    shelf_list(tenant->shelf, tenant->tenant_id, &index);
    const struct shelf_entry *entry = shelf_index_find(&index, version);
    bool is_so = entry && entry->rolled_back_at_ms >= since_ms;
    if (is_so)
        slice_copy(slice_from(entry->why), why, WHY_SIZE);
    return is_so;
}

static void hand_part(struct published *tenant)
{
    char why[WHY_SIZE];
    const struct wanted *now = &tenant->now;
    bool is_whole = tenant->part == PART_WHOLE;
    if (was_rolled_back(tenant, version_of(tenant), now->at_ms, why)) {
        judge(tenant, "rolled_back", why);
        go_on(tenant);
    } else if (is_whole && now->is_rollback) {
        ask(tenant, SCRIPT_ROLLBACK, now->version, NULL, on_back);
    } else {
        fetch(tenant);
    }
}

static void on_dropped(void *owner, enum err err, const char *json, const char *why)
{
    struct published *tenant = owner;
    tenant->ticket = 0;
    if (err && err != ERR_REFUSED) {
        put_off(tenant, why);
        return;
    }
    tenant->running_canary[0] = 0;
    hand_part(tenant);
}

void published_begin(struct published *tenant)
{
    const char *canary = tenant->running_canary;
    tenant->now = tenant->wanted;
    tenant->is_busy = true;
    tenant->part = PART_WHOLE;
    tenant->again_ms = 0;
    memset(tenant->verdicts, 0, sizeof tenant->verdicts);
    if (canary[0] && strcmp(canary, tenant->now.version) != 0 &&
        strcmp(canary, tenant->now.canary_version) != 0)
        ask(tenant, SCRIPT_DROP_CANARY, canary, NULL, on_dropped);
    else
        hand_part(tenant);
}

/* ---- what happens later ---- */

void published_look(struct published *tenant)
{
    for (enum part part = PART_WHOLE; part < PARTS; part++) {
        struct verdict *verdict = &tenant->verdicts[part];
        bool is_live = verdict->version[0] && (strcmp(verdict->state, "applied") == 0 ||
                                                  strcmp(verdict->state, "canary") == 0);
        if (!is_live || !was_rolled_back(tenant, verdict->version, tenant->now.at_ms, verdict->why))
            continue;
        verdict->state = "rolled_back";
        if (part == PART_CANARY)
            tenant->running_canary[0] = 0;
        published_note(tenant);
    }
}
