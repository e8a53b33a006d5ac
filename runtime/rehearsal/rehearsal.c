#include "rehearsal/rehearsal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "bindings/zone.h"
#include "rehearsal/stage.h"
#include "script/build.h"

#define CPU_MS 5000
#define CLOCK_MS 20000

/* ---- the session ---- */

bool session_is_over(const struct session *session)
{
    return clock_thread_cpu_us() >= session->cpu_end_us || clock_ms() >= session->clock_end_ms ||
           (session->is_stopped && atomic_load(session->is_stopped));
}

/* The test's own files: its text is that of the version, recordings and what it requires lie beside it. */
static enum err open_test(
    struct session *session, const struct rehearsal_options *options, char why[512])
{
    const struct source *test = sources_find(session->version->sources, TEST_FILE);
    struct sources *sources;
    snprintf(why, 512, "no memory");
    enum err err = sources_create(&sources, options->scripts_path, options->tenant_id);
    if (err)
        return err;
    char *text = slice_dup((struct slice){test->text, test->len});
    err = sources_put_take(sources, TEST_FILE, text, test->len, why);
    if (!err)
        err = test_file_open(&session->file, sources, &session->library, why);
    sources_release(sources);
    return err;
}

enum err session_open(
    struct session *session, const struct rehearsal_options *options, char why[512])
{
    session->cpu_end_us =
        clock_thread_cpu_us() + 1000ull * (options->cpu_ms ? options->cpu_ms : CPU_MS);
    session->clock_end_ms = clock_ms() + (options->clock_ms ? options->clock_ms : CLOCK_MS);
    session->is_stopped = options->is_stopped;
    snprintf(why, 512, "no memory");
    struct bindings_options bindings = {.call_ops = &outside_call_ops,
        .call_ops_owner = session,
        .stubs = &outside_stub_ops,
        .stubs_owner = session,
        .wall_ms = outside_wall_ms,
        .wall_owner = session};
    struct version *version;
    enum err err = bindings_create(&session->bindings, &bindings);
    if (err)
        return err;
    session->library = bindings_library(session->bindings);
    err = options->sources ? build_sources(&version, NULL, sources_hold(options->sources),
                                 &session->library, why)
                           : build_new(&version, options->scripts_path, options->tenant_id,
                                 &session->library, why);
    if (err)
        return err;
    session->version = version_pin(version);
    version_release(version);
    return build_finish(session->version, why);
}

void session_close(struct session *session)
{
    test_file_close(&session->file);
    version_unpin(session->version);
    bindings_destroy(session->bindings);
}

/* ---- a conversation ---- */

/* Every conversation begins with code that was just loaded. */
static enum err load_anew(struct session *session, char why[512])
{
    struct version *version;
    enum err err = build_sources(
        &version, NULL, sources_hold(session->version->sources), &session->library, why);
    if (err)
        return err;
    err = build_finish(version, why);
    if (!err) {
        version_unpin(session->version);
        session->version = version_pin(version);
    }
    version_release(version);
    return err;
}

/* The tenant's own zone when the profile names one. */
static const struct zone *zone_of(const struct session *session, struct zones *zones)
{
    const struct zone *zone = NULL;
    json_t *profile = json_loads(session->version->agent->profile_json, 0, NULL);
    const char *name = json_string_value(json_object_get(profile, "time_zone"));
    if (zones_get(&zone, zones, slice_from(name ? name : "UTC")))
        zone = NULL;
    json_decref(profile);
    return zone;
}

static bool read_now(const struct session *session, const char *text, uint64_t *wall_ms)
{
    struct tm tm = {0};
    struct zones zones = {0};
    int64_t utc_s = 0;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M", &tm);
    if (!end || *end)
        return false;
    const struct zone *zone = zone_of(session, &zones);
    int64_t local_s = timegm(&tm);
    bool is_read = local_s > 0 && (!zone || !zone_to_utc(zone, local_s, &utc_s));
    *wall_ms = (uint64_t)(zone ? utc_s : local_s) * 1000;
    zones_clear(&zones);
    return is_read;
}

static void tell(const struct stage *stage, const struct rehearsal_options *options,
    struct rehearsal_sum *sum, const char *why, uint64_t took_us)
{
    sum->count++;
    sum->failed += why != NULL;
    if (why && !sum->first_failure[0])
        slice_copy(slice_from(why), sum->first_failure, sizeof sum->first_failure);
    struct rehearsed rehearsed = {.name = stage->plan->name,
        .is_ok = !why,
        .why = why,
        .transcript = stage->transcript.data ? stage->transcript.data : "",
        .virtual_ms = stage->now_ms - STAGE_START_MS,
        .took_us = took_us};
    if (options->on_conversation)
        options->on_conversation(options->owner, &rehearsed);
}

/* Holds it, and tells what came of it. */
static enum err hold(struct stage *stage, struct session *session, const struct plan *plan,
    const struct rehearsal_options *options, struct rehearsal_sum *sum)
{
    char why[1400];
    uint64_t began_us = clock_us();
    enum err err = stage_open(stage, session, plan);
    if (err)
        return err;
    session->stage = stage;
    if (session->wall_ms)
        play(stage);
    else
        stage_fail(stage, "now is \"%s\": a time looks like 2026-11-27T10:00", plan->now);
    bool is_at_step = stage->step < json_array_size(plan->steps) && plan->step_lines;
    snprintf(why, sizeof why, TEST_FILE ":%u: %s: %s",
        is_at_step ? plan->step_lines[stage->step] : plan->line, plan->name, stage->fault);
    tell(stage, options, sum, stage->fault[0] ? why : NULL, clock_us() - began_us);
    return ERR_OK;
}

static enum err rehearse_plan(struct session *session, const struct plan *plan,
    const struct rehearsal_options *options, struct rehearsal_sum *sum, char why[512])
{
    session->wall_ms = clock_wall_ms();
    if (plan->now[0] && !read_now(session, plan->now, &session->wall_ms))
        session->wall_ms = 0;
    enum err err = load_anew(session, why);
    if (err)
        return err;
    snprintf(why, 512, "no memory");
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return ERR_NOMEM;
    err = hold(stage, session, plan, options, sum);
    stage_close(stage);
    session->stage = NULL;
    free(stage);
    return err;
}

static enum err rehearse_all(struct session *session, const struct rehearsal_options *options,
    struct rehearsal_sum *sum, char why[512])
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < session->file.count; i++) {
        struct plan plan;
        err = plan_open(&plan, &session->file, i, why);
        bool is_wished = !err && (!options->filter || strstr(plan.name, options->filter));
        if (is_wished)
            err = rehearse_plan(session, &plan, options, sum, why);
        if (is_wished && session_is_over(session)) {
            snprintf(
                why, 512, TEST_FILE ":%u: %s: the tests took too much time", plan.line, plan.name);
            err = ERR_BAD;
        }
        plan_close(&plan);
    }
    return err;
}

enum err rehearse(struct rehearsal_sum *sum, const struct rehearsal_options *options, char why[512])
{
    struct session session = {0};
    *sum = (struct rehearsal_sum){0};
    enum err err = session_open(&session, options, why);
    sum->has_tests = !err && sources_find(session.version->sources, TEST_FILE);
    if (sum->has_tests)
        err = open_test(&session, options, why);
    if (sum->has_tests && !err)
        err = rehearse_all(&session, options, sum, why);
    session_close(&session);
    return err;
}
