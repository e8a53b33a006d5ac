/* What a turn asks of its tenant's script, and what the script keeps. */
#include <stdlib.h>
#include <string.h>

#include "observe/log.h"
#include "script/hook.h"
#include "texting/turn.h"

struct script_job *text_turn_job(struct text_turn *turn, enum script_job_kind kind)
{
    struct script_job *job = script_job_make(kind);
    if (!job)
        return NULL;
    job->reply = &turn->texting->results;
    job->call_key = turn->key;
    job->epoch = ++turn->asked;
    job->turn = turn->number;
    job->facts = turn->facts;
    job->state_json = turn->state_json ? strdup(turn->state_json) : NULL;
    labels_copy(&job->labels, &turn->labels);
    memcpy(job->phase, turn->phase, sizeof job->phase);
    job->history_first = turn->history.first;
    job->history_json = history_text(&turn->history);
    /* Of whoever kept the state: a newer version may have to move it. */
    slice_copy(slice_from(json_string_value(json_object_get(turn->claim, "version"))), job->version,
        sizeof job->version);
    return job;
}

bool text_turn_send(struct text_turn *turn, struct script_job *job)
{
    if (job && script_host_send(turn->texting->options.script, job) == ERR_OK) {
        history_told(&turn->history);
        return true;
    }
    script_job_free(job);
    return false;
}

bool text_turn_ask_hook(struct text_turn *turn, enum script_hook hook, const char *words)
{
    struct script_job *job = turn->agent->has_hook[hook] ? text_turn_job(turn, SCRIPT_HOOK) : NULL;
    json_t *values = job ? json_pack("[s]", words) : NULL;
    if (job) {
        job->hook = hook;
        job->arguments = values ? json_dumps(values, JSON_COMPACT) : NULL;
        job->utterance = strdup(turn->said);
    }
    json_decref(values);
    return text_turn_send(turn, job);
}

json_t *text_turn_value(const struct script_result *result)
{
    bool is_done = result->ending == SCRIPT_DONE && result->text;
    return is_done ? json_loads(result->text, JSON_DECODE_ANY, NULL) : NULL;
}

void text_turn_take_state(struct text_turn *turn, struct script_result *result)
{
    if (result->state_json) {
        free(turn->state_json);
        turn->state_json = result->state_json;
        result->state_json = NULL;
    }
    memcpy(turn->phase, result->phase, sizeof turn->phase);
    labels_move(&turn->labels, &result->labels);
    if (result->agent) {
        agent_release(turn->agent);
        turn->agent = agent_hold(result->agent);
    }
}

void text_turn_forget(struct text_turn *turn)
{
    struct script_job *job = turn->asked ? script_job_make(SCRIPT_CALL_END) : NULL;
    if (!job)
        return;
    job->call_key = turn->key;
    job->facts = turn->facts;
    if (script_host_send(turn->texting->options.script, job) != ERR_OK) {
        log_warn("script.full", "call=%s", turn->facts.call_id);
        script_job_free(job);
    }
}
