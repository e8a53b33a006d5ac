/* The version's scripts, run at the moment they are asked: what script/runner.c does on a loop, on the virtual clock. The walls
   are the same: slices, CPU budgets, memory. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "rehearsal/stage.h"
#include "script/answer.h"
#include "script/build.h"
#include "script/knowledge.h"
#include "script/version.h"

#define DROPPED_AFTER_MS 10000 /* a tool may go on this long after its start, answered or not */

void backstage_open(struct stage *stage)
{
    stage->call.object_ref = LUA_NOREF;
    stage->call.version = version_hold(stage->session->version);
    if (stage->plan->incoming)
        stage->call.incoming_json = json_dumps(stage->plan->incoming, JSON_COMPACT);
}

static void forget(struct stage *stage, struct script_run *run)
{
    stage_forget(stage, run);
    run_queue_drop(run);
    DL_DELETE2(stage->call.runs, run, call_prev, call_next);
    run_destroy(run);
}

static void free_results(struct stage *stage)
{
    struct letter *letter = mailbox_take_all(&stage->results);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        script_result_free(result);
    }
}

void backstage_drop_runs(struct stage *stage)
{
    while (stage->call.runs)
        forget(stage, stage->call.runs);
}

void backstage_close(struct stage *stage)
{
    backstage_drop_runs(stage);
    run_queue_clear(&stage->queue);
    free_results(stage);
    call_drop_object(&stage->call);
    version_release(stage->call.version);
    free(stage->call.utterance);
    free(stage->call.state_json);
    free(stage->call.incoming_json);
    json_decref(stage->call.knowledge);
    labels_clear(&stage->call.labels);
    history_clear(&stage->call.history);
    stage->call = (struct script_call){0};
}

/* ---- a run, from its job to its answer ---- */

static void end_run(struct stage *stage, struct script_run *run, enum vm_outcome outcome)
{
    enum script_ending ending = run_ending(outcome);
    char why[512] = "", state_why[512], *text = NULL;
    if (ending == SCRIPT_DONE && run_take_answer(run, &text, why))
        ending = SCRIPT_ERROR;
    else if (ending != SCRIPT_DONE)
        vm_error_text(run->thread, why, sizeof why);
    if (ending == SCRIPT_OUT_OF_MEMORY) {
        call_drop_object(run->call);
        if (run->version->program == run->program)
            version_discard_program(run->version);
    } else if (call_keep_state(run->call, run->program, state_why)) {
        stage_fail(stage, "%s: %s", run_name(run), state_why);
    }
    if (run->is_answered)
        answer_late(run, ending, text, why);
    else
        answer_run(run, ending, text, why);
    forget(stage, run);
}

static void on_ready(struct script_run *run)
{
    struct stage *stage = run->owner;
    run_queue_add(&stage->queue, run);
}

static void drop_run(struct stage *stage, struct happening *it)
{
    stage_note(stage, "tool", "%s is given up", run_name(it->thing));
    forget(stage, it->thing);
}

/* How long its answer is waited for; 0: as long as it takes. */
static uint64_t limit_of(const struct script_run *run)
{
    const struct program_tool *tool = program_find_tool(run->program, run->tool_name);
    return tool                       ? tool->timeout_ms
           : run->kind == SCRIPT_HOOK ? hook_rules[run->hook].timeout_ms
                                      : 0;
}

static void limit_run(struct stage *stage, struct happening *it)
{
    struct script_run *run = it->thing;
    uint64_t limit_ms = limit_of(run);
    answer_run(run, SCRIPT_TIMEOUT, NULL, "no answer in time");
    if (run->kind == SCRIPT_TOOL && limit_ms < DROPPED_AFTER_MS)
        stage_later(stage, DROPPED_AFTER_MS - limit_ms, drop_run)->thing = run;
    else
        forget(stage, run);
}

static bool begin_run(struct stage *stage, struct script_run *run)
{
    char why[512];
    enum err err = run_begin(run, why);
    if (err) {
        run->state = RUN_ENDED;
        answer_run(run, err == ERR_NOMEM ? SCRIPT_OUT_OF_MEMORY : SCRIPT_ERROR, NULL, why);
        forget(stage, run);
        return false;
    }
    if (limit_of(run))
        stage_later(stage, limit_of(run), limit_run)->thing = run;
    return true;
}

static void step_run(struct stage *stage, struct script_run *run)
{
    if (!run->thread && !begin_run(stage, run))
        return;
    enum vm_outcome outcome = run_step(run);
    while (outcome == VM_SLICED) /* nobody else waits */
        outcome = run_step(run);
    if (outcome != VM_WAITING)
        end_run(stage, run, outcome);
}

/* The job is taken; NULL: it was answered already. */
static struct script_run *make_run(struct stage *stage, json_t *values, struct script_job *job)
{
    char why[512] = "no memory";
    struct session *session = stage->session;
    struct program *program;
    struct script_run *run;
    enum err err = version_program(&program, session->version, &session->library, why);
    if (!err && program->build) { /* memory ran out: the same files anew */
        err = build_finish(session->version, why);
        program = session->version->program;
    }
    if (!err)
        err = run_create(&run, &stage->call, session->version, program, values, job);
    if (err) {
        enum script_ending ending = err == ERR_NOMEM ? SCRIPT_OUT_OF_MEMORY : SCRIPT_ERROR;
        answer_not_run(job, &stage->call, ending, answer_failure_text(job, ending), why);
        return NULL;
    }
    run->owner = stage;
    run->on_ready = on_ready;
    DL_APPEND2(stage->call.runs, run, call_prev, call_next);
    return run;
}

static void start(struct stage *stage, json_t *values, struct script_job *job)
{
    struct script_run *run = make_run(stage, values, job);
    if (run)
        run_queue_add(&stage->queue, run);
}

/* ---- what is asked ---- */

static struct script_job *make_job(struct stage *stage, enum script_job_kind kind, uint32_t epoch)
{
    struct script_job *job = script_job_make(kind);
    if (!job) {
        stage_fail(stage, "no memory");
        return NULL;
    }
    job->reply = &stage->results;
    job->epoch = epoch;
    job->turn = stage->turn_number;
    job->facts = stage->call.facts;
    return job;
}

/* What the stubs say is known of the caller's words (script/knowledge.h); without a stub nothing is. */
static void recall(struct stage *stage)
{
    char why[512];
    uint32_t after_ms = 0;
    json_t *values = NULL;
    const struct agent *agent = stage->session->version->agent;
    const char *words = stage->call.utterance;
    json_decref(stage->call.knowledge);
    stage->call.knowledge = NULL;
    if (!agent->knowledge.limit || !words || !words[0])
        return;
    json_t *asked = json_pack("[s, i]", words, (int)agent->knowledge.limit);
    enum err err = outside_answer(&values, &after_ms, stage, "knowledge", "search", asked, why);
    json_decref(asked);
    if (err == ERR_BAD)
        stage_fail(stage, "%s", why);
    if (!err && after_ms <= KNOWLEDGE_WAIT_MS)
        stage->call.knowledge = json_incref(json_array_get(values, 0));
    json_decref(values);
}

static void begin_turn(struct stage *stage, const char *words)
{
    free(stage->call.utterance);
    stage->call.utterance = strdup(words);
    stage->call.turn = stage->turn_number;
}

bool backstage_ask_prompt(struct stage *stage)
{
    struct script_job *job = make_job(stage, SCRIPT_PROMPT, stage->reply.epoch);
    if (!job)
        return false;
    const struct stage_reply *reply = &stage->reply;
    const char *said = reply->caller_text ? reply->caller_text : "";
    begin_turn(stage, reply->model_text ? reply->model_text : said);
    recall(stage);
    start(stage, NULL, job);
    return true;
}

bool backstage_ask_turn(struct stage *stage)
{
    begin_turn(stage, stage->reply.caller_text);
    stage->reply.is_turn_asked =
        backstage_ask_hook(stage, HOOK_ON_USER_TURN, json_pack("[s]", stage->reply.caller_text));
    return stage->reply.is_turn_asked;
}

bool backstage_ask_tool(struct stage *stage, const json_t *tool)
{
    struct script_job *job = make_job(stage, SCRIPT_TOOL, stage->reply.epoch);
    if (!job)
        return false;
    const char *text = json_string_value(json_object_get(tool, "arguments"));
    job->tool_name = strdup(json_string_value(json_object_get(tool, "name")));
    job->tool_call_id = strdup(json_string_value(json_object_get(tool, "id")));
    job->arguments = strdup(text);
    json_t *values;
    char *refusal;
    enum err err = version_tool_values(
        &values, &refusal, stage->session->version, job->tool_name, slice_from(text));
    if (err) {
        answer_not_run(job, &stage->call, SCRIPT_DONE, refusal,
            err == ERR_NOT_FOUND ? "unknown tool" : "bad arguments");
        return true;
    }
    start(stage, values, job);
    json_decref(values);
    return true;
}

static json_t *take_value(struct stage *stage, enum script_hook hook, struct script_result *result)
{
    json_t *value = NULL;
    if (result && result->ending == SCRIPT_DONE && result->text)
        value = json_loads(result->text, JSON_DECODE_ANY, NULL);
    else /* in a call its default would do; a test is to tell */
        stage_blame(stage, "the hook %s failed: %s", hook_rules[hook].name,
            result && result->why ? result->why : "no memory");
    if (result) {
        stage_take_phase(stage, result->phase);
        again_on_hook(stage, hook_rules[hook].name, result->text);
        again_on_state(stage);
    }
    script_result_free(result);
    return value;
}

json_t *backstage_ask_now(struct stage *stage, enum script_hook hook, json_t *values_take)
{
    struct mailbox answer;
    struct script_job *job = make_job(stage, SCRIPT_HOOK, 0);
    if (!job || !values_take) {
        script_job_free(job);
        json_decref(values_take);
        return NULL;
    }
    mailbox_init(&answer, 1, NULL, NULL);
    job->reply = &answer;
    job->hook = hook;
    struct script_run *run = make_run(stage, values_take, job);
    if (run)
        step_run(stage, run);
    struct script_result *result = (struct script_result *)mailbox_take_all(&answer);
    mailbox_destroy(&answer);
    json_decref(values_take);
    return take_value(stage, hook, result);
}

bool backstage_ask_hook(struct stage *stage, enum script_hook hook, json_t *values_take)
{
    bool has_hook = stage->session->version->agent->has_hook[hook];
    struct script_job *job =
        has_hook && values_take ? make_job(stage, SCRIPT_HOOK, stage->reply.epoch) : NULL;
    if (job) {
        job->hook = hook;
        start(stage, values_take, job);
    }
    json_decref(values_take);
    return job != NULL;
}

/* ---- work ---- */

bool backstage_has_work(const struct stage *stage)
{
    return stage->queue.ready || stage->results.count;
}

static void note_outcome(struct stage *stage)
{
    const char *outcome = stage->call.labels.outcome;
    if (strcmp(outcome, stage->noted_outcome) == 0)
        return;
    slice_copy(slice_from(outcome), stage->noted_outcome, sizeof stage->noted_outcome);
    stage_note(stage, "outcome", "%s", outcome);
}

static void deliver(struct stage *stage, struct script_result *result)
{
    note_outcome(stage);
    switch (result->kind) {
    case SCRIPT_PROMPT:
        stage_prompt_result(stage, result);
        break;
    case SCRIPT_TOOL:
        stage_tools_result(stage, result);
        break;
    case SCRIPT_HOOK:
        again_on_hook(stage, hook_rules[result->hook].name, result->text);
        stage_hooks_result(stage, result);
        break;
    case SCRIPT_CALL_END:
    case SCRIPT_MIGRATE:
    case SCRIPT_RELOAD:
    case SCRIPT_VERSIONS:
    case SCRIPT_ROLLBACK:
    case SCRIPT_PROMOTE:
    case SCRIPT_DROP_CANARY:
    case SCRIPT_PUBLISH:
    case SCRIPT_SOURCES:
    case SCRIPT_TRIED:
        break; /* have no result here */
    }
    again_on_state(stage);
    script_result_free(result);
}

void backstage_go(struct stage *stage)
{
    struct program *program = run_queue_take(&stage->queue, 0);
    if (program) {
        struct script_run *run = run_queue_first(program);
        if (run)
            step_run(stage, run);
        run_queue_give_back(&stage->queue, program, 0);
    }
    struct letter *letter = mailbox_take_all(&stage->results);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        deliver(stage, result);
    }
    stage_pump(stage);
}
