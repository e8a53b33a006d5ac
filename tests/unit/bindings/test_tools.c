/* The golden examples of scripts/tools, tests/golden/tools/<tool>.json, with the real script host and a real Postgres: what a tool
   answers to what a model wrote, in which world, and the words a model gets for arguments that do not fit. docs/tools.md says how an
   example is written. */
#include "unit/bindings/rows_story.h"

#include <glob.h>
#include <jansson.h>
#include <string.h>

#include "observe/log.h"

#define FRIDAY_AT_TEN_MS 4098870000000u /* 2099-11-20, New York */

/* ---- the world ---- */

static char transferred_to[64];
static char recorded[128];

static uint64_t wall_ms(void *owner)
{
    (void)owner;
    return FRIDAY_AT_TEN_MS;
}

static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_transfer *wanted)
{
    (void)owner, (void)facts, (void)call_key, (void)from;
    slice_copy(wanted->number, transferred_to, sizeof transferred_to);
    return ERR_OK;
}

static enum err record(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, enum call_recording what, struct slice said,
    enum agent_recording by_agent)
{
    (void)owner, (void)facts, (void)call_key, (void)from;
    assert_int_equal(by_agent, RECORDING_WITH_CONSENT);
    snprintf(recorded, sizeof recorded, "%s: %.*s",
        what == CALL_RECORDING_AGREED ? "agreed" : "refused", (int)said.len, said.data);
    return ERR_OK;
}

static int set_up(void **state)
{
    static const struct call_ops ops = {.transfer = transfer, .record = record};
    char command[512];
    int failed = world_set_up_with(state, "bindings_tools",
        (struct bindings_options){
            .wall_ms = wall_ms, .call_ops = &ops, .rest = {.account_sid = "AC1"}});
    struct world *world = *state;
    snprintf(command, sizeof command,
        "cp -r '" SOURCE_DIR "/scripts/tools' '%s' && mkdir -p '%s/tenants' && "
        "cp -r '" SOURCE_DIR "/tests/golden/tools/clinic' '%s/tenants'",
        world->folder.path, world->folder.path, world->folder.path);
    failed = failed || system(command);
    world_load_folder(world);
    return failed;
}

static void clean(struct world *world)
{
    postgres_run(world->url, "delete from appointments; delete from tasks; delete from leads; "
                             "delete from outbox; delete from messages; delete from calls; "
                             "delete from conversations; delete from contacts; "
                             "delete from pipeline_stages");
    transferred_to[0] = recorded[0] = 0;
}

/* ---- a run ---- */

static const char *text_of(const json_t *step, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(step, name));
    return text ? text : otherwise;
}

/* "said": the agent's words, one line a turn. */
static char *history_of(const json_t *step)
{
    json_t *lines = json_array(), *said = json_object_get(step, "said"), *text;
    size_t i;
    json_array_foreach(said, i, text) json_array_append_new(
        lines, json_pack("{s:s, s:O, s:i}", "role", "agent", "text", text, "turn", (int)i));
    char *printed = json_dumps(lines, JSON_COMPACT);
    json_decref(lines);
    return printed;
}

static struct script_job *make_job(
    struct world *world, enum script_job_kind kind, const json_t *example, const json_t *step)
{
    struct script_job *job = script_job_make(kind);
    json_t *state = json_object_get(example, "state");
    json_t *incoming = json_object_get(example, "incoming");
    job->reply = &world->answers.box;
    slice_copy(SLICE(CALL_A), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("clinic"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100066"), job->facts.called, sizeof job->facts.called);
    slice_copy(
        slice_from(text_of(example, "caller", "")), job->facts.caller, sizeof job->facts.caller);
    job->history_json = history_of(step);
    job->state_json = state ? json_dumps(state, JSON_COMPACT) : NULL;
    job->incoming_json = incoming ? json_dumps(incoming, JSON_COMPACT) : NULL;
    return job;
}

/* A turn: its prompt, then the tool. */
static struct script_result *run(
    struct world *world, const json_t *example, const json_t *step, const char *tool, unsigned turn)
{
    struct script_job *prompt = make_job(world, SCRIPT_PROMPT, example, step);
    struct script_job *job = make_job(world, SCRIPT_TOOL, example, step);
    prompt->utterance = slice_dup(slice_from(text_of(step, "utterance", "")));
    prompt->turn = job->turn = turn;
    job->tool_name = slice_dup(slice_from(tool));
    job->arguments = json_dumps(json_object_get(step, "arguments"), JSON_COMPACT);
    assert_int_equal(script_host_send(world->host, prompt), ERR_OK);
    script_result_free(answers_next(&world->answers));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    return answers_next(&world->answers);
}

/* ---- what is expected ---- */

static void expect_answer(const char *about, const json_t *expected, const char *text)
{
    json_t *got = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!json_equal(got, expected)) {
        char *wanted = json_dumps(expected, JSON_SORT_KEYS | JSON_COMPACT);
        fail_msg("%s: it answered\n%s\nnot\n%s", about, text, wanted);
    }
    json_decref(got);
}

/* "rows": what a query gives, as text. */
static void expect_rows(struct world *world, const char *about, json_t *rows)
{
    const char *sql;
    json_t *expected;
    json_object_foreach(rows, sql, expected)
    {
        char text[512];
        postgres_text(world->url, sql, text, sizeof text);
        if (strcmp(text, json_string_value(expected)) != 0)
            fail_msg("%s: %s\n→ %s\nnot %s", about, sql, text, json_string_value(expected));
    }
}

static void expect_step(
    struct world *world, const json_t *example, const json_t *step, const char *tool, unsigned turn)
{
    const char *about = text_of(example, "about", tool), *outcome = text_of(step, "outcome", NULL);
    struct script_result *result = run(world, example, step, tool, turn);
    expect_answer(about, json_object_get(step, "answer"), result->text);
    if (outcome)
        assert_string_equal(outcome, result->labels.outcome);
    script_result_free(result);
    expect_rows(world, about, json_object_get(step, "rows"));
    assert_string_equal(transferred_to, text_of(step, "transferred_to", ""));
    assert_string_equal(recorded, text_of(step, "recorded", ""));
}

static void end_call(struct world *world)
{
    world_end_call(world, "clinic", CALL_A);
}

static void expect_example(struct world *world, const json_t *example, const char *tool)
{
    const json_t *steps = json_object_get(example, "steps");
    unsigned count = steps ? (unsigned)json_array_size(steps) : 1;
    clean(world);
    if (json_object_get(example, "sql"))
        postgres_run(world->url, text_of(example, "sql", ""));
    for (unsigned i = 0; i < count; i++)
        expect_step(world, example, steps ? json_array_get(steps, i) : example, tool, i + 1);
    end_call(world);
}

/* The words that a model gets. */
static void expect_refusal(struct world *world, const json_t *refused, const char *tool)
{
    struct script_result *result = run(world, refused, refused, tool, 1);
    const char *why = text_of(refused, "why", "");
    if (!strstr(result->text, "\"bad_arguments\"") || !strstr(result->text, why))
        fail_msg("%s: it answered\n%s\nnot %s", tool, result->text, why);
    script_result_free(result);
    end_call(world);
}

/* ---- the files ---- */

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *golden = json_load_file(path, 0, &error);
    if (!golden)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return golden;
}

static void expect_golden(struct world *world, const char *path)
{
    json_t *golden = load(path), *item;
    const char *tool = text_of(golden, "tool", "");
    size_t i;
    json_array_foreach(json_object_get(golden, "examples"), i, item)
        expect_example(world, item, tool);
    json_array_foreach(json_object_get(golden, "refused"), i, item)
        expect_refusal(world, item, tool);
    assert_true(json_array_size(json_object_get(golden, "examples")) > 0);
    assert_true(json_array_size(json_object_get(golden, "refused")) > 0);
    json_decref(golden);
}

static void examples_hold(void **state)
{
    glob_t files;
    assert_int_equal(glob(SOURCE_DIR "/tests/golden/tools/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        expect_golden(*state, files.gl_pathv[i]);
    globfree(&files);
}

/* A tool without examples is a tool that nobody can read up on. */
static void every_tool_has_examples(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob(SOURCE_DIR "/scripts/tools/*.lua", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char path[512];
        const char *name = strrchr(files.gl_pathv[i], '/') + 1;
        snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/tools/%.*s.json",
            (int)(strlen(name) - 4), name);
        json_t *golden = load(path);
        assert_int_equal(strncmp(text_of(golden, "tool", ""), name, strlen(name) - 4), 0);
        json_decref(golden);
    }
    assert_int_equal(files.gl_pathc, 12);
    globfree(&files);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tool_has_examples),
        cmocka_unit_test(examples_hold),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
