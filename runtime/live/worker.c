#include "live/worker.h"

#include <stdlib.h>

#include "observe/log.h"
#include "observe/metrics.h"

#define POST_CAPACITY 8192
#define KEY_BITS 48 /* of a call's number; the worker's index is above them */

enum err worker_add(struct live_worker *worker, struct call *call)
{
    call->key = ((uint64_t)worker->index << KEY_BITS) | ++worker->next_key;
    HASH_ADD(hh, worker->calls, key, sizeof call->key, call);
    return call->hh.tbl ? ERR_OK : ERR_NOMEM;
}

static void forget_at_script(struct live_worker *worker, struct call *call)
{
    struct script_job *job = script_job_make(SCRIPT_CALL_END);
    if (!job)
        return;
    job->call_key = call->key;
    job->facts = call->facts;
    if (script_host_send(worker->live->script, job) != ERR_OK) {
        log_warn("script.full", "call=%s", call->facts.call_id);
        script_job_free(job);
    }
}

void worker_remove(struct live_worker *worker, struct call *call)
{
    HASH_DELETE(hh, worker->calls, call);
    if (call->is_started)
        forget_at_script(worker, call);
}

static struct call *find_any(struct live_worker *worker, uint64_t key)
{
    struct call *call;
    HASH_FIND(hh, worker->calls, &key, sizeof key, call);
    return call;
}

static struct call *find(struct live_worker *worker, uint64_t key)
{
    struct call *call = find_any(worker, key);
    return call && call->is_started && !call->is_finished ? call : NULL;
}

/* ---- post ---- */

static void take_result(struct live_worker *worker, struct script_result *result)
{
    struct call *call = find(worker, result->call_key);
    if (result->kind == SCRIPT_HOOK && result->hook == HOOK_ON_CALL_END)
        farewell_answer(worker, result);
    if (call) {
        struct log_call *before = log_call_enter(call->log);
        captured_answered(call, result);
        rules_take_phase(call, result);
        journal_take_labels(call, result);
        switch (result->kind) {
        case SCRIPT_PROMPT:
            actions_prompt_result(call, result);
            break;
        case SCRIPT_TOOL:
            tools_result(call, result);
            break;
        case SCRIPT_HOOK:
            hooks_result(call, result);
            break;
        case SCRIPT_CALL_END: /* no results */
        case SCRIPT_MIGRATE:
        case SCRIPT_RELOAD:
        case SCRIPT_VERSIONS:
        case SCRIPT_ROLLBACK:
        case SCRIPT_PROMOTE:
        case SCRIPT_DROP_CANARY:
        case SCRIPT_PUBLISH:
        case SCRIPT_SOURCES:
        case SCRIPT_TRIED:
            break;
        }
        log_call_leave(before);
    }
    script_result_free(result);
}

static void take_command(struct live_worker *worker, struct call_command *command)
{
    struct call *call = find(worker, command->call_key);
    struct log_call *before = log_call_enter(call ? call->log : NULL);
    if (call)
        commands_do(call, command);
    log_call_leave(before);
    call_command_free(command);
}

void call_command_free(struct call_command *command)
{
    free(command->text);
    sound_release(command->sound);
    handover_plan_free(command->plan);
    free(command);
}

static void take_errand(struct live_worker *worker, struct errand *errand)
{
    struct call *call = find_any(worker, errand->key);
    if (call) {
        struct log_call *before = log_call_enter(call->log);
        switch (errand->kind) {
        case ERRAND_CLAIM:
            reentry_claim_answer(call, errand);
            break;
        case ERRAND_HISTORY:
            reentry_answer(call, errand);
            break;
        case ERRAND_END:
            ending_answer(call, errand);
            break;
        case ERRAND_ENDING: /* the webhook's */
        case ERRAND_PRUNE:  /* from here on the errands' own */
        case ERRAND_HERE:
        case ERRAND_KINDS:
            break;
        }
        log_call_leave(before);
    }
    errand_free(errand);
}

static void take_unsent(struct live_worker *worker, struct unsent_question *question)
{
    struct call *call = find_any(worker, question->key);
    struct log_call *before = log_call_enter(call ? call->log : NULL);
    if (call)
        reentry_unsent_take(call, question);
    else
        unsent_free(question);
    log_call_leave(before);
}

static void on_post(void *owner)
{
    struct live_worker *worker = owner;
    /* What a run asked for comes before its answer: it was posted before, and is taken after. */
    struct letter *results = mailbox_take_all(&worker->results);
    struct letter *letter = mailbox_take_all(&worker->commands);
    while (letter) {
        struct call_command *command = (struct call_command *)letter;
        letter = letter->next;
        take_command(worker, command);
    }
    while (results) {
        struct script_result *result = (struct script_result *)results;
        results = results->next;
        take_result(worker, result);
    }
    letter = mailbox_take_all(&worker->errands);
    while (letter) {
        struct errand *errand = (struct errand *)letter;
        letter = letter->next;
        take_errand(worker, errand);
    }
    letter = mailbox_take_all(&worker->unsent);
    while (letter) {
        struct unsent_question *question = (struct unsent_question *)letter;
        letter = letter->next;
        take_unsent(worker, question);
    }
}

static void wake_worker(void *owner)
{
    struct live_worker *worker = owner;
    net_wake_send(worker->wake);
}

/* ---- life ---- */

enum err live_worker_create(
    struct live_worker **out, struct live *live, struct net_loop *loop, unsigned index)
{
    if (index >= LIVE_WORKERS_MAX)
        return ERR_FULL;
    struct live_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return ERR_NOMEM;
    worker->live = live;
    worker->loop = loop;
    worker->index = index;
    enum err err = net_wake_create(&worker->wake, loop, on_post, worker);
    if (err == ERR_OK)
        err = desk_create(&worker->desk, loop);
    if (err == ERR_OK)
        err = pulse_start(worker);
    if (err != ERR_OK) {
        desk_destroy(worker->desk);
        if (worker->wake)
            net_wake_destroy(worker->wake);
        free(worker);
        return err;
    }
    strbuf_init(&worker->captured, CAPTURE_CONTENT_MAX_BYTES);
    mailbox_init(&worker->results, POST_CAPACITY, wake_worker, worker);
    mailbox_init(&worker->commands, POST_CAPACITY, wake_worker, worker);
    mailbox_init(&worker->errands, POST_CAPACITY, wake_worker, worker);
    mailbox_init(&worker->unsent, POST_CAPACITY, wake_worker, worker);
    live->workers[index] = worker;
    *out = worker;
    return ERR_OK;
}

bool live_worker_is_full(const struct live_worker *worker)
{
    return live_calls(worker->live) >= worker->live->options.settings.max_calls;
}

bool live_worker_is_late(struct live_worker *worker)
{
    pulse_beat(worker);
    return live_is_late(worker->live);
}

size_t live_worker_calls(const struct live_worker *worker)
{
    return HASH_COUNT(worker->calls);
}

void live_worker_accept(struct live_worker *worker, struct ws *ws)
{
    if (!call_create(worker, ws)) {
        metric_add(METRIC_STREAM_REFUSED_FULL, 1);
        ws_close_now(ws);
    }
}

void live_worker_hang_up(struct live_worker *worker)
{
    struct call *call, *next;
    HASH_ITER(hh, worker->calls, call, next)
    {
        if (call->ending == ENDING_NOT)
            call_stream_broke(call, "shutdown");
    }
}

void live_worker_cut(struct live_worker *worker)
{
    struct call *call, *next;
    HASH_ITER(hh, worker->calls, call, next)
    {
        if (call->is_started && !call->is_finished)
            call_stream_broke(call, "shutdown");
        call_destroy(call);
    }
}

void live_worker_destroy(struct live_worker *worker)
{
    live_worker_cut(worker);
    on_post(worker);
    farewell_drop_all(worker);
    pulse_stop(worker);
    net_wake_destroy(worker->wake);
    desk_destroy(worker->desk);
    mailbox_destroy(&worker->results);
    mailbox_destroy(&worker->commands);
    mailbox_destroy(&worker->errands);
    mailbox_destroy(&worker->unsent);
    strbuf_free(&worker->captured);
    worker->live->workers[worker->index] = NULL;
    free(worker);
}
