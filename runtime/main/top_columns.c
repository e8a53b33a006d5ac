#include "main/top_columns.h"

#include <stdio.h>
#include <string.h>

#define LATE_MS 20
#define SLOW_MS 2000

/* ---- calls ---- */

static long long slowness(const json_t *call)
{
    long long waiting_ms = top_number(call, "waiting_ms");
    long long response_ms = top_number(call, "response_ms");
    return waiting_ms > response_ms ? waiting_ms : response_ms;
}

/* Its end: beginnings are much the same. */
static void write_sid(const json_t *call, char out[TOP_CELL_SIZE])
{
    const char *sid = top_string(call, "call_sid");
    size_t len = strlen(sid);
    snprintf(out, TOP_CELL_SIZE, "%s", len > 6 ? sid + len - 6 : sid);
}

static void write_whole_sid(const json_t *call, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(call, "call_sid"));
}

static void write_tenant(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(row, "tenant"));
}

static void write_state(const json_t *call, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(call, "state"));
}

static void write_age(const json_t *call, char out[TOP_CELL_SIZE])
{
    top_duration(top_number(call, "age_ms") / 1000, out);
}

static void write_turns(const json_t *call, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%lld", top_number(call, "turns"));
}

/* A wait that is longer than the last one stands in its place. */
static void write_last(const json_t *call, char out[TOP_CELL_SIZE])
{
    bool is_waiting = top_number(call, "waiting_ms") > top_number(call, "response_ms");
    if (!slowness(call)) {
        snprintf(out, TOP_CELL_SIZE, "-");
        return;
    }
    out[0] = '>';
    top_seconds(slowness(call), 2, out + is_waiting);
}

static void write_mostly(const json_t *call, char out[TOP_CELL_SIZE])
{
    char part[32], seconds[TOP_CELL_SIZE];
    snprintf(part, sizeof part, "%s", top_string(call, "mostly"));
    part[strcspn(part, "_")] = 0;
    top_seconds(top_number(call, "mostly_ms"), 1, seconds);
    snprintf(out, TOP_CELL_SIZE, "%s %.20s", part, part[0] ? seconds : "");
}

static void write_late(const json_t *call, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%lldms", top_number(call, "late_ms"));
}

static void write_version(const json_t *row, char out[TOP_CELL_SIZE])
{
    const char *version = top_string(row, "version");
    snprintf(out, TOP_CELL_SIZE, "%s", version[0] ? version : "-");
}

/* Enough of it to tell versions apart. */
static void write_short_version(const json_t *call, char out[TOP_CELL_SIZE])
{
    const char *version = top_string(call, "version");
    snprintf(out, TOP_CELL_SIZE, "%.8s", version[0] ? version : "-");
}

static bool is_slow(const json_t *call)
{
    return slowness(call) >= SLOW_MS;
}

static bool is_late_call(const json_t *call)
{
    return top_number(call, "late_ms") > LATE_MS;
}

static const struct top_column call_columns[] = {
    {"CALL", 6, 0, 3, false, write_sid, NULL},
    {"TENANT", 11, 24, 0, false, write_tenant, NULL},
    {"STATE", 11, 0, 1, false, write_state, NULL},
    {"AGE", 5, 0, 5, true, write_age, NULL},
    {"TURN", 4, 0, 7, true, write_turns, NULL},
    {"LAST", 7, 0, 2, true, write_last, is_slow},
    {"MOSTLY", 15, 0, 4, false, write_mostly, NULL},
    {"LATE", 5, 7, 6, true, write_late, is_late_call},
    {"SCRIPT", 8, 0, 8, false, write_short_version, NULL},
    {"SID", 34, 0, 9, false, write_whole_sid, NULL},
};

/* ---- threads ---- */

static void write_thread(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(row, "name"));
}

static bool is_media(const json_t *row)
{
    return json_object_get(row, "late_permille") != NULL;
}

static void write_media(
    const json_t *row, const char *name, const char *unit, char out[TOP_CELL_SIZE])
{
    if (is_media(row))
        snprintf(out, TOP_CELL_SIZE, "%lld%s", top_number(row, name), unit);
}

static void write_thread_calls(const json_t *row, char out[TOP_CELL_SIZE])
{
    write_media(row, "calls", "", out);
}

static void write_loop(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%lldms", top_number(row, "loop_lag_ms"));
}

static void write_frame(const json_t *row, char out[TOP_CELL_SIZE])
{
    write_media(row, "frame_late_ms", "ms", out);
}

static void write_share(const json_t *row, char out[TOP_CELL_SIZE])
{
    long long permille = top_number(row, "late_permille");
    if (is_media(row))
        snprintf(out, TOP_CELL_SIZE, "%lld.%lld%%", permille / 10, permille % 10);
}

static bool is_late_loop(const json_t *row)
{
    return is_media(row) && top_number(row, "loop_lag_ms") > LATE_MS;
}

static bool is_late_frame(const json_t *row)
{
    return top_number(row, "frame_late_ms") > LATE_MS;
}

static bool is_late_thread(const json_t *row)
{
    return top_is(row, "is_late");
}

static const struct top_column thread_columns[] = {
    {"THREAD", 14, 0, 0, false, write_thread, NULL},
    {"CALLS", 6, 0, 3, true, write_thread_calls, NULL},
    {"LOOP", 8, 0, 0, true, write_loop, is_late_loop},
    {"FRAMES", 8, 0, 1, true, write_frame, is_late_frame},
    {"LATE", 7, 0, 2, true, write_share, is_late_thread},
};

/* ---- providers ---- */

static void write_provider(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(row, "name"));
}

static void write_slot(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(row, "slot"));
}

static void write_requests(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%lld", top_number(row, "requests"));
}

static void write_failures(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%lld", top_number(row, "failures"));
}

static void write_under_way(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%lld", top_number(row, "under_way"));
}

static void write_wait(const json_t *row, char out[TOP_CELL_SIZE])
{
    long long ms = top_number(row, "wait_p95_ms");
    snprintf(out, TOP_CELL_SIZE, "-");
    if (ms)
        top_seconds(ms, 2, out);
}

static void write_circuit(const json_t *row, char out[TOP_CELL_SIZE])
{
    long long open = top_number(row, "circuits_open");
    snprintf(out, TOP_CELL_SIZE, "closed");
    if (open)
        snprintf(out, TOP_CELL_SIZE, "%lld open", open);
}

static bool has_failures(const json_t *row)
{
    return top_number(row, "failures") > 0;
}

static bool is_open(const json_t *row)
{
    return top_number(row, "circuits_open") > 0;
}

static const struct top_column provider_columns[] = {
    {"PROVIDER", 14, 32, 0, false, write_provider, NULL},
    {"SLOT", 5, 0, 2, false, write_slot, NULL},
    {"ASKED/MIN", 9, 0, 4, true, write_requests, NULL},
    {"FAILED", 6, 0, 1, true, write_failures, has_failures},
    {"P95", 7, 0, 3, true, write_wait, NULL},
    {"UNDER WAY", 9, 0, 5, true, write_under_way, NULL},
    {"CIRCUIT", 9, 0, 0, false, write_circuit, is_open},
};

/* ---- reloads ---- */

static void write_ago(const json_t *row, char out[TOP_CELL_SIZE])
{
    top_duration(top_number(row, "ago_seconds"), out);
    strcat(out, " ago");
}

static void write_outcome(const json_t *row, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%s", top_string(row, "outcome"));
}

static bool is_no_good(const json_t *row)
{
    const char *outcome = top_string(row, "outcome");
    return strcmp(outcome, "refused") == 0 || strcmp(outcome, "rolled_back") == 0 ||
           strcmp(outcome, "migrate_failed") == 0;
}

static const struct top_column reload_columns[] = {
    {"RELOADS", 14, 0, 0, false, write_ago, NULL},
    {"TENANT", 14, 32, 1, false, write_tenant, NULL},
    {"OUTCOME", 14, 0, 0, false, write_outcome, is_no_good},
    {"VERSION", 16, 0, 2, false, write_version, NULL},
};

/* ---- rows in order ---- */

static int descending(long long a, long long b)
{
    return a < b ? 1 : a > b ? -1 : 0;
}

static int by_sid(const json_t *a, const json_t *b)
{
    return strcmp(top_string(a, "call_sid"), top_string(b, "call_sid"));
}

static int compare_calls(const void *a, const void *b, void *order_by)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    int order = 0;
    switch (*(const enum top_sort *)order_by) {
    case TOP_SORT_AGE:
        order = descending(top_number(one, "age_ms"), top_number(other, "age_ms"));
        break;
    case TOP_SORT_LATE:
        order = descending(top_number(one, "late_ms"), top_number(other, "late_ms"));
        break;
    case TOP_SORT_TENANT:
        order = strcmp(top_string(one, "tenant"), top_string(other, "tenant"));
        break;
    case TOP_SORT_SLOWEST:
    case TOP_SORT_COUNT:
        break;
    }
    if (order == 0)
        order = descending(slowness(one), slowness(other));
    return order ? order : by_sid(one, other); /* rows of no difference do not change places */
}

/* Media threads before the others, and the latest of each. */
static int compare_threads(const void *a, const void *b, void *unused)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    if (is_media(one) != is_media(other))
        return is_media(one) ? -1 : 1;
    int order = descending(top_number(one, "late_permille"), top_number(other, "late_permille"));
    return order ? order : strcmp(top_string(one, "name"), top_string(other, "name"));
}

static int compare_providers(const void *a, const void *b, void *unused)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    int order = descending(top_number(one, "circuits_open"), top_number(other, "circuits_open"));
    if (order == 0)
        order = descending(top_number(one, "failures"), top_number(other, "failures"));
    if (order == 0)
        order = strcmp(top_string(one, "slot"), top_string(other, "slot"));
    return order ? order : strcmp(top_string(one, "name"), top_string(other, "name"));
}

#define COLUMNS(columns) columns, sizeof columns / sizeof *(columns)

const struct top_section top_sections[TOP_SECTIONS] = {
    [TOP_CALLS] = {"calls", COLUMNS(call_columns), compare_calls},
    [TOP_THREADS] = {"threads", COLUMNS(thread_columns), compare_threads},
    [TOP_PROVIDERS] = {"providers", COLUMNS(provider_columns), compare_providers},
    [TOP_RELOADS] = {"reloads", COLUMNS(reload_columns), NULL},
};
