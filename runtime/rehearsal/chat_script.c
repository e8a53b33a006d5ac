#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rehearsal/chat_internal.h"

/* ---- call.history ---- */

void chat_history_add(struct chat *chat, const char *role, struct slice text, unsigned turn)
{
    history_add(&chat->history, role, text, turn);
    history_add(&chat->all, role, text, turn);
}

void chat_history_drop_caller(struct chat *chat)
{
    history_drop_caller(&chat->history, chat->turn);
    history_drop_caller(&chat->all, chat->turn);
}

/* ---- to the script ---- */

struct script_job *chat_job(struct chat *chat, enum script_job_kind kind)
{
    struct script_job *job = script_job_make(kind);
    if (!job)
        return NULL;
    job->reply = &chat->results;
    job->epoch = ++chat->asked;
    job->turn = chat->turn;
    job->facts = chat->facts;
    job->history_first = chat->history.first;
    job->history_json = history_text(&chat->history);
    memcpy(job->phase, chat->phase, sizeof job->phase);
    return job;
}

bool chat_send(struct chat *chat, struct script_job *job)
{
    if (job && script_host_send(chat->options.host, job) == ERR_OK) {
        history_told(&chat->history);
        return true;
    }
    script_job_free(job);
    return false;
}

struct script_result *chat_run(struct chat *chat, struct script_job *job)
{
    if (!chat_send(chat, job))
        return NULL;
    while (!chat->result)
        net_loop_run(chat->options.loop);
    struct script_result *result = chat->result;
    chat->result = NULL;
    return result;
}

/* ---- from it ---- */

static void take_labels(struct chat *chat, struct script_result *result)
{
    if (labels_are_same(&chat->labels, &result->labels))
        return;
    bool is_outcome_new = strcmp(chat->labels.outcome, result->labels.outcome) != 0;
    const char *tags = result->labels.tags_json ? result->labels.tags_json : "[]";
    if (is_outcome_new)
        chat_note(
            chat, "outcome %s", result->labels.outcome[0] ? result->labels.outcome : "(none)");
    if (strcmp(chat->labels.tags_json ? chat->labels.tags_json : "[]", tags) != 0)
        chat_note(chat, "tags %s", tags);
    labels_move(&chat->labels, &result->labels);
}

static void take_state(struct chat *chat, struct script_result *result)
{
    if (result->kind == SCRIPT_HOOK && result->hook == HOOK_ON_INCOMING)
        return; /* what it writes is not kept */
    if (result->state_json) {
        free(chat->state_json);
        chat->state_json = result->state_json;
        result->state_json = NULL;
    }
    if (strcmp(chat->phase, result->phase) != 0) {
        memcpy(chat->phase, result->phase, sizeof chat->phase);
        chat_note(chat, "phase %s", chat->phase[0] ? chat->phase : "(none)");
    }
    take_labels(chat, result);
}

void chat_collect(void *owner)
{
    struct chat *chat = owner;
    struct letter *letter = mailbox_take_all(&chat->results);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        take_state(chat, result);
        if (result->kind == SCRIPT_TOOL)
            chat_tools_result(chat, result);
        if (result->kind != SCRIPT_TOOL && result->epoch == chat->asked && !chat->result)
            chat->result = result;
        else
            script_result_free(result);
    }
    net_loop_stop(chat->options.loop);
}

/* ---- hooks ---- */

bool chat_has_hook(const struct chat *chat, enum script_hook hook)
{
    return chat->agent->has_hook[hook];
}

void chat_take_agent(struct chat *chat, const struct script_result *result)
{
    if (!result->agent)
        return;
    agent_release(chat->agent);
    chat->agent = agent_hold(result->agent);
}

static json_t *value_of(struct chat *chat, const struct script_result *result)
{
    const char *name = hook_rules[result->hook].name;
    if (result->ending == SCRIPT_DONE && result->text)
        return json_loads(result->text, JSON_DECODE_ANY, NULL);
    if (result->ending == SCRIPT_TIMEOUT)
        chat_note(chat, "%s is late: as if it were not there", name);
    else
        chat_note(chat, "%s failed: %s; as if it were not there", name,
            result->why ? result->why : script_ending_name(result->ending));
    return NULL;
}

json_t *chat_ask_hook(
    struct chat *chat, enum script_hook hook, const char *words, json_t *values_take)
{
    struct script_job *job =
        chat_has_hook(chat, hook) && values_take ? chat_job(chat, SCRIPT_HOOK) : NULL;
    if (job) {
        job->hook = hook;
        job->arguments = json_dumps(values_take, JSON_COMPACT);
        job->utterance = words ? strdup(words) : NULL;
    }
    json_decref(values_take);
    struct script_result *result = chat_run(chat, job);
    json_t *value = result ? value_of(chat, result) : NULL;
    if (result)
        chat_take_agent(chat, result);
    script_result_free(result);
    return value;
}
