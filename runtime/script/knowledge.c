#include "script/knowledge.h"

#include <stdlib.h>

#include "observe/log.h"
#include "observe/metrics.h"

struct recall {
    struct script_run *run;
    const struct script_knowledge *knowledge;
    void *search;
};

static void count(const struct script_run *run, enum err err, const json_t *pieces)
{
    if (err == ERR_OK) {
        bool has_some = json_array_size(pieces) > 0;
        metric_add(has_some ? METRIC_KNOWLEDGE_FOUND : METRIC_KNOWLEDGE_NOTHING, 1);
        return;
    }
    metric_add(err == ERR_TIMEOUT ? METRIC_KNOWLEDGE_LATE : METRIC_KNOWLEDGE_FAILED, 1);
    log_debug("knowledge.missed", "call=%s tenant=%s why=%s", run->call->facts.call_id,
        run->call->facts.tenant_id, err_name(err));
}

static void cancel(void *operation)
{
    struct recall *recall = operation;
    recall->knowledge->cancel(recall->search);
    free(recall);
}

static void on_found(void *owner, enum err err, json_t *pieces_take)
{
    struct recall *recall = owner;
    struct script_run *run = recall->run;
    free(recall);
    count(run, err, pieces_take);
    if (run->call->search_id == run->wait_id)
        run->call->knowledge = pieces_take;
    else
        json_decref(pieces_take); /* newer words are being looked for, or are known */
    run_release(run);
}

static bool wants_search(const struct script_run *run, const struct script_knowledge *knowledge)
{
    const char *words = run->call->utterance;
    return knowledge && knowledge->search && run->kind == SCRIPT_PROMPT &&
           run->version->agent->knowledge.limit > 0 && words && words[0];
}

/* What was known of the words before these, and whoever still looks for it. */
static void forget(struct script_call *call)
{
    json_decref(call->knowledge);
    call->knowledge = NULL;
    call->search_id = 0;
}

bool knowledge_hold_run(struct script_run *run, const struct script_knowledge *knowledge)
{
    if (run->kind == SCRIPT_PROMPT)
        forget(run->call);
    if (!wants_search(run, knowledge))
        return false;
    struct recall *recall = calloc(1, sizeof *recall);
    if (!recall)
        return false;
    recall->run = run;
    recall->knowledge = knowledge;
    enum err err = knowledge->search(&recall->search, knowledge->owner, run->version->agent,
        slice_from(run->call->utterance), KNOWLEDGE_WAIT_MS, on_found, recall);
    if (err) {
        count(run, err, NULL);
        free(recall);
        return false;
    }
    run_hold(run, cancel, recall);
    run->call->search_id = run->wait_id;
    return true;
}
