#include "api/incoming.h"

#include <stdlib.h>
#include <string.h>

#include "api/verdicts.h"
#include "base/utf8.h"
#include "observe/log.h"
#include "observe/metrics.h"

/* The webhook's fields as call.incoming has them (scripts/types/call.lua), the ones most asked for first; what the carrier
   left out or empty is not there. */
static const struct {
    const char *field;
    const char *name;
} facts[] = {
    {"CallerName", "name"},
    {"FromCity", "city"},
    {"FromCountry", "country"},
    {"ForwardedFrom", "forwarded_from"},
    {"StirVerstat", "verification"},
    {"FromState", "state"},
    {"FromZip", "zip"},
};

/* Empty: it does not fit. */
static bool print(const json_t *incoming, char out[INCOMING_FACTS_SIZE])
{
    size_t len = json_dumpb(incoming, out, INCOMING_FACTS_SIZE - 1, JSON_COMPACT);
    bool fits = len > 0 && len < INCOMING_FACTS_SIZE;
    out[fits ? len : 0] = 0;
    return fits;
}

void incoming_facts(const struct form *form, char out[INCOMING_FACTS_SIZE])
{
    json_t *incoming = json_object();
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        struct slice value = form_get(form, facts[i].field);
        if (value.len &&
            json_object_set_new(incoming, facts[i].name, json_stringn(value.data, value.len)) ==
                0 &&
            !print(incoming, out))
            json_object_del(incoming, facts[i].name);
    }
    if (!json_object_size(incoming) || !print(incoming, out))
        out[0] = 0;
    json_decref(incoming);
}

static void take_number(const char *text, char *out, size_t size)
{
    slice_copy(slice_from(text), out, size);
    if (!utf8_is_valid(out, strlen(out)))
        out[0] = 0;
}

static void take_facts(struct script_call_facts *to, const struct overflow_caller *caller)
{
    slice_copy(slice_from(caller->call_sid), to->call_sid, sizeof to->call_sid);
    slice_copy(slice_from(caller->agent->tenant_id), to->tenant_id, sizeof to->tenant_id);
    take_number(caller->from, to->caller, sizeof to->caller);
    take_number(caller->to, to->called, sizeof to->called);
}

static struct script_job *job_for(const struct incoming *incoming, enum script_job_kind kind)
{
    struct script_job *job = script_job_make(kind);
    if (job)
        memcpy(job->facts.call_id, incoming->call_id, sizeof job->facts.call_id);
    return job;
}

bool incoming_ask(struct incoming *incoming, struct script_host *script, struct mailbox *reply,
    uint64_t key, const struct overflow_caller *caller, const char *facts_json)
{
    id_make(incoming->call_id);
    struct script_job *job = job_for(incoming, SCRIPT_HOOK);
    if (job) {
        job->hook = HOOK_ON_INCOMING;
        job->reply = reply;
        job->call_key = key;
        job->incoming_json = slice_dup(slice_from(facts_json));
        take_facts(&job->facts, caller);
        if (script_host_send(script, job) == ERR_OK)
            return true;
        script_job_free(job);
    }
    incoming->call_id[0] = 0;
    return false;
}

void incoming_forget(struct incoming *incoming, struct script_host *script)
{
    struct script_job *job = incoming->call_id[0] ? job_for(incoming, SCRIPT_CALL_END) : NULL;
    if (job && script_host_send(script, job) != ERR_OK) {
        log_warn("script.full", "job=%s", "on_incoming");
        script_job_free(job);
    }
    incoming->call_id[0] = 0;
}

char *incoming_settle(const char *call_sid, const struct script_result *result)
{
    bool is_answered = result && result->ending == SCRIPT_DONE && result->text;
    metric_add(!is_answered                        ? METRIC_INCOMING_UNANSWERED
               : strcmp(result->text, "null") == 0 ? METRIC_INCOMING_TAKEN
                                                   : METRIC_INCOMING_REFUSED,
        1);
    return verdicts_settle(slice_from(call_sid), is_answered ? result->text : "null");
}

bool incoming_obey(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, const char *verdict_json)
{
    json_t *verdict = verdict_json ? json_loads(verdict_json, JSON_DECODE_ANY, NULL) : NULL;
    void *only = json_object_iter(verdict);
    if (only) {
        const char *kind = json_object_iter_key(only);
        log_info("call.refused", "call_sid=%s tenant=%s reason=%s", caller->call_sid,
            caller->agent->tenant_id, kind);
        overflow_obey(
            settings, exchange, caller, kind, json_string_value(json_object_iter_value(only)));
    }
    json_decref(verdict);
    return only != NULL;
}
