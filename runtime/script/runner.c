#include "script/runner.h"

#include <assert.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/answer.h"
#include "script/build.h"
#include "script/business.h"
#include "script/knowledge.h"

#define PROMPT_TIMEOUT_MS 1000     /* by the clock: other runs may be ahead of it */
#define RUN_DROPPED_AFTER_MS 10000 /* a tool may go on this long after its start, answered or not */
#define BURST_US 5000              /* of script work before the loop looks at sockets again */

static enum metric ended_as(const struct script_run *run)
{
    if (run->state != RUN_ENDED)
        return METRIC_SCRIPT_ENDED_WAITING;
    switch (run->ending) {
    case SCRIPT_DONE:
        return METRIC_SCRIPT_ENDED_DONE;
    case SCRIPT_OUT_OF_TIME:
        return METRIC_SCRIPT_ENDED_OUT_OF_TIME;
    case SCRIPT_OUT_OF_MEMORY:
        return METRIC_SCRIPT_ENDED_OUT_OF_MEMORY;
    case SCRIPT_TIMEOUT:
        return METRIC_SCRIPT_ENDED_WAITING;
    case SCRIPT_ERROR:
        return METRIC_SCRIPT_ENDED_ERROR;
    }
    return METRIC_SCRIPT_ENDED_ERROR;
}

static void forget_run(struct runner *runner, struct script_run *run)
{
    metric_add(ended_as(run), 1);
    run_queue_drop(run);
    DL_DELETE2(run->call->runs, run, call_prev, call_next);
    run_destroy(run);
}

static void finish_run(struct runner *runner, struct script_run *run)
{
    struct script_call *call = run->call;
    forget_run(runner, run);
    if (call->is_over && !call->runs)
        runner->on_call_over(runner->owner, call);
}

static enum metric failures_of(enum script_hook hook)
{
    static_assert(METRIC_HOOK_FAILURES_ON_DTMF - METRIC_HOOK_FAILURES_ON_INCOMING ==
                      HOOK_ON_DTMF - HOOK_ON_INCOMING,
        "a row a hook");
    return METRIC_HOOK_FAILURES_ON_INCOMING + hook;
}

static void note_stop(const struct script_run *run, enum script_ending ending, const char *why)
{
    const char *event = ending == SCRIPT_ERROR ? "script.failed" : "script.stopped";
    log_event(LOG_ERROR, event, "call=%s tenant=%s version=%s what=%s ending=%s why=%s",
        run->call->facts.call_id, run->version->agent->tenant_id, run->version->agent->version,
        run_name(run), script_ending_name(ending), why);
    if (ending != SCRIPT_ERROR)
        metric_add(METRIC_SCRIPT_STOPPED, 1);
    if (run->kind == SCRIPT_HOOK)
        metric_add(failures_of(run->hook), 1);
}

static void keep_state(struct script_run *run)
{
    char why[512];
    if (call_keep_state(run->call, run->program, why) == ERR_OK)
        return;
    log_warn("script.state_refused", "call=%s tenant=%s why=%s", run->call->facts.call_id,
        run->version->agent->tenant_id, why);
}

static bool is_taken_over(struct runner *runner, struct script_run *run, enum script_ending ending,
    const char *text, const char *why)
{
    return runner->on_ended && runner->on_ended(runner->owner, run, ending, text, why);
}

static void end_run(struct runner *runner, struct script_run *run, enum vm_outcome outcome)
{
    enum script_ending ending = run_ending(outcome);
    char why[512] = "", *text = NULL;
    if (ending == SCRIPT_DONE && run_take_answer(run, &text, why))
        ending = SCRIPT_ERROR;
    else if (ending != SCRIPT_DONE)
        vm_error_text(run->thread, why, sizeof why);
    run->ending = ending;
    if (ending == SCRIPT_OUT_OF_MEMORY) {
        if (run->call->program == run->program)
            call_drop_object(run->call);
        if (run->version->program == run->program)
            version_discard_program(run->version);
    } else {
        keep_state(run);
    }
    if (ending != SCRIPT_DONE)
        note_stop(run, ending, why);
    if (is_taken_over(runner, run, ending, text, why)) {
        free(text);
    } else if (run->is_answered) {
        log_info("script.late", "call=%s tool=%s ending=%s", run->call->facts.call_id,
            run->tool_name, script_ending_name(ending));
        answer_late(run, ending, text, why);
    } else {
        answer_run(run, ending, text, why);
    }
    finish_run(runner, run);
}

static void on_run_ready(struct script_run *run)
{
    struct runner *runner = run->owner;
    run_queue_add(&runner->queue, run);
    net_wake_send(runner->wake);
}

/* Its program could not be made, or it could not begin. */
static void fail_run(
    struct runner *runner, struct script_run *run, enum script_ending ending, const char *why)
{
    run->state = RUN_ENDED;
    run->ending = ending;
    note_stop(run, ending, why);
    if (!is_taken_over(runner, run, ending, NULL, why) && !run->is_answered)
        answer_run(run, ending, NULL, why);
    finish_run(runner, run);
}

/* First the answer is late, then the run is too old to go on. */
static void on_run_timer(void *owner)
{
    struct script_run *run = owner;
    struct runner *runner = run->owner;
    uint64_t drop_ms = run->started_ms + RUN_DROPPED_AFTER_MS;
    if (run->kind == SCRIPT_MIGRATE) { /* the prompt after it is still to come */
        run_queue_drop(run);
        fail_run(runner, run, SCRIPT_TIMEOUT, "no answer in time");
        return;
    }
    if (!run->is_answered) {
        note_stop(run, SCRIPT_TIMEOUT, "no answer in time");
        answer_run(run, SCRIPT_TIMEOUT, NULL, "no answer in time");
        if (run->kind == SCRIPT_TOOL && clock_ms() < drop_ms) {
            net_timer_set(run->timer, drop_ms);
            return;
        }
    } else {
        log_warn("script.dropped", "call=%s tool=%s", run->call->facts.call_id, run->tool_name);
    }
    finish_run(runner, run);
}

/* True: of a new version, which no call waits for. */
static bool step_build(struct runner *runner, struct program *program)
{
    char why[512];
    struct script_run *run;
    struct version *version = version_hold(build_version(program));
    bool is_new = !build_is_rebuild(program);
    enum build_progress progress = build_step(version, RUN_SLICE_US, why);
    if (progress == BUILD_FAILED)
        while ((run = run_queue_first(program)))
            fail_run(runner, run, SCRIPT_ERROR, why);
    if (is_new && progress != BUILD_GOES_ON)
        runner->on_built(runner->owner, version, progress == BUILD_DONE ? NULL : why);
    version_release(version);
    return is_new;
}

static json_t *business_of(struct runner *runner, const char *tenant_id)
{
    const struct script_business *business = runner->business;
    return business ? business->known(business->owner, tenant_id) : NULL;
}

void runner_learn(struct runner *runner, const char *tenant_id)
{
    (void)business_of(runner, tenant_id);
}

/* As it is known when the run begins: what it may have waited for took time. */
static void take_business(struct runner *runner, struct script_call *call)
{
    json_t *before = call->business;
    call->business = json_incref(business_of(runner, call->facts.tenant_id));
    json_decref(before);
}

/* False: it could not, and is no more. */
static bool begin_run(struct runner *runner, struct script_run *run)
{
    char why[512];
    take_business(runner, run->call);
    enum err err = run_begin(run, why);
    if (err) {
        fail_run(runner, run, err == ERR_NOMEM ? SCRIPT_OUT_OF_MEMORY : SCRIPT_ERROR, why);
        return false;
    }
    const struct program_tool *tool = program_find_tool(run->program, run->tool_name);
    if (tool && !run->is_answered)
        net_timer_set(run->timer, run->started_ms + tool->timeout_ms);
    return true;
}

static void step_run(struct runner *runner, struct script_run *run)
{
    struct log_call *before = log_call_enter(run->call ? run->call->log : NULL);
    if (run->thread || begin_run(runner, run)) {
        enum vm_outcome outcome = run_step(run);
        if (outcome == VM_SLICED)
            run_queue_put_back(run);
        else if (outcome != VM_WAITING)
            end_run(runner, run, outcome);
    }
    log_call_leave(before);
}

void runner_go(struct runner *runner)
{
    uint64_t start_us = clock_us(), now_us = start_us;
    struct program *program;
    bool is_over = false;
    while (!is_over && now_us - start_us < BURST_US &&
           (program = run_queue_take(&runner->queue, now_us))) {
        uint64_t turn_us = now_us;
        if (program->build)
            is_over = step_build(runner, program);
        else
            step_run(runner, run_queue_first(program));
        now_us = clock_us();
        run_queue_give_back(&runner->queue, program, now_us - turn_us);
    }
    if (runner->queue.ready)
        net_wake_send(runner->wake);
}

void runner_build(struct runner *runner, struct version *version)
{
    run_queue_wake(&runner->queue, version->program);
    net_wake_send(runner->wake);
}

static void start(struct runner *runner, struct script_call *call, struct version *version,
    json_t *values, struct script_job *job, bool is_migrate)
{
    char why[512] = "no memory";
    struct program *program;
    struct script_run *run;
    enum err err = version_program(&program, version, &runner->lua_library, why);
    if (!err)
        err = run_create(&run, call, version, program, values, job);
    if (err) {
        enum script_ending ending = err == ERR_NOMEM ? SCRIPT_OUT_OF_MEMORY : SCRIPT_ERROR;
        answer_refuse(job, call, ending, answer_failure_text(job, ending), why);
        return;
    }
    if (is_migrate)
        run_set_migrate(run);
    run->owner = runner;
    run->on_ready = on_run_ready;
    DL_APPEND2(call->runs, run, call_prev, call_next);
    metric_add(METRIC_SCRIPT_RUNS, 1);
    if (net_timer_create(&run->timer, runner->loop, on_run_timer, run)) {
        fail_run(runner, run, SCRIPT_ERROR, "no memory");
        return;
    }
    unsigned timeout_ms =
        run->kind == SCRIPT_HOOK ? hook_rules[run->hook].timeout_ms : PROMPT_TIMEOUT_MS;
    net_timer_set(run->timer, run->started_ms + timeout_ms);
    if (!knowledge_hold_run(run, runner->knowledge))
        run_queue_add(&runner->queue, run);
}

void runner_start(
    struct runner *runner, struct script_call *call, json_t *values, struct script_job *job)
{
    start(runner, call, call->version, values, job, false);
}

void runner_migrate(struct runner *runner, struct script_call *call, struct version *version,
    json_t *values, struct script_job *job)
{
    start(runner, call, version, values, job, true);
}

void runner_drop_call(struct runner *runner, struct script_call *call)
{
    while (call->runs)
        forget_run(runner, call->runs);
}

void runner_end(struct runner *runner)
{
    run_queue_clear(&runner->queue);
}
