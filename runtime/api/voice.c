#include "api/voice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "api/answer.h"
#include "api/planned_end.h"
#include "api/ringing.h"
#include "api/verdicts.h"
#include "base/clock.h"
#include "live/budgets.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "telephony/call_ends.h"
#include "telephony/stream_token.h"

#define LOOK_UP_MS 1500
#define ANSWERS_WAITING_MAX 4096
#define RETURN_LEAST_MS 10000 /* before a drain's hang-up: less is no use to who comes back */

#define NOT_IN_SERVICE "Sorry, this number is not in service. Goodbye."
#define WAY_OUT                                                                                    \
    "I'm sorry, we are having technical trouble and cannot go on with this call. Please call "     \
    "again in a few minutes. Goodbye."

/* ---- waiting ---- */

static void forget(struct ringing *ringing)
{
    DL_DELETE(ringing->voice->waiting, ringing);
    if (ringing->incoming.call_id[0]) {
        incoming_forget(&ringing->incoming, ringing->voice->settings.script);
        ringing->voice->asked_count--;
    }
    net_timer_destroy(ringing->timer);
    agent_release(ringing->agent);
    free(ringing);
}

/* Whoever comes back while others finish their calls may finish theirs, if there is time for it. */
static bool is_kept_out_by_drain(const struct ringing *ringing)
{
    uint64_t hang_up_ms = ringing->voice->hang_up_ms;
    return hang_up_ms && (!ringing->attempt || clock_ms() + RETURN_LEAST_MS > hang_up_ms);
}

static void on_deadline(void *owner);

/* Its question is asked by `ask`. False: it cannot wait. */
static bool wait_for(
    const struct ringing *asked, bool (*ask)(struct ringing *ringing), unsigned wait_ms)
{
    struct ringing *ringing = malloc(sizeof *ringing);
    if (!ringing)
        return false;
    *ringing = *asked;
    ringing->key = ++ringing->voice->next_key;
    if (net_timer_create(&ringing->timer, ringing->voice->loop, on_deadline, ringing) != ERR_OK) {
        free(ringing);
        return false;
    }
    if (!ask(ringing)) {
        net_timer_destroy(ringing->timer);
        free(ringing);
        return false;
    }
    agent_hold(ringing->agent);
    net_timer_set(ringing->timer, clock_ms() + wait_ms);
    DL_APPEND(ringing->voice->waiting, ringing);
    return true;
}

static struct ringing *find_waiting(const struct voice *voice, uint64_t key)
{
    struct ringing *ringing;
    DL_FOREACH(voice->waiting, ringing)
    {
        if (ringing->key == key)
            return ringing;
    }
    return NULL;
}

/* ---- a caller whom an agent may take ---- */

static bool ask_script(struct ringing *ringing)
{
    struct voice *voice = ringing->voice;
    const struct overflow_caller caller = ringing_caller(ringing);
    if (voice->asked_count >= INCOMING_WAITING_MAX ||
        !incoming_ask(&ringing->incoming, voice->settings.script, &voice->verdicts, ringing->key,
            &caller, ringing->facts_json))
        return false;
    voice->asked_count++;
    return true;
}

static bool is_over_budget(const struct ringing *ringing)
{
    return ringing->agent && budgets_state_of(ringing->agent->tenant_id) >= BUDGET_SPENT;
}

/* And is told so. A caller who comes back is one of the established calls that lateness must not end. */
static bool is_without_place(const struct ringing *ringing)
{
    struct live_worker *worker = ringing->voice->worker;
    if (is_kept_out_by_drain(ringing))
        ringing_overflow(ringing, METRIC_CALLS_REFUSED_DRAINING, "draining");
    else if (live_worker_is_full(worker))
        ringing_overflow(ringing, METRIC_CALLS_REFUSED_FULL, "full");
    else if (!ringing->attempt && is_over_budget(ringing))
        ringing_overflow(ringing, METRIC_CALLS_REFUSED_BUDGET, "budget");
    else if (!ringing->attempt && live_worker_is_late(worker))
        ringing_overflow(ringing, METRIC_CALLS_REFUSED_LATE, "late");
    else
        return false;
    return true;
}

static void obey(const struct ringing *ringing, const char *verdict)
{
    const struct overflow_caller caller = ringing_caller(ringing);
    if (!incoming_obey(&ringing->voice->settings, ringing->exchange, &caller, verdict) &&
        !is_without_place(ringing))
        ringing_connect(ringing);
}

/* False: the tenant's script is asked, and the answer comes later. */
static bool take_in(const struct ringing *ringing)
{
    const struct voice *voice = ringing->voice;
    bool is_asked = ringing->agent->has_hook[HOOK_ON_INCOMING] && voice->settings.script &&
                    !ringing->attempt && !ringing->is_outbound && ringing->call_sid[0];
    char *verdict = is_asked ? verdicts_find(slice_from(ringing->call_sid)) : NULL;
    if (is_asked && !verdict && wait_for(ringing, ask_script, INCOMING_WAIT_MS))
        return false;
    if (is_asked && !verdict)
        verdict = incoming_settle(ringing->call_sid, NULL);
    if (is_asked)
        obey(ringing, verdict);
    else
        ringing_connect(ringing);
    free(verdict);
    return true;
}

/* `result` NULL: no answer came. Others may have taken the last place meanwhile. */
static void take_verdict(struct ringing *ringing, const struct script_result *result)
{
    char *verdict = incoming_settle(ringing->call_sid, result);
    obey(ringing, verdict);
    free(verdict);
    ringing_observe(ringing);
    forget(ringing);
}

static void take_verdicts(struct voice *voice)
{
    struct letter *letter = mailbox_take_all(&voice->verdicts);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        struct ringing *ringing = find_waiting(voice, result->call_key);
        if (ringing)
            take_verdict(ringing, result);
        script_result_free(result);
    }
}

/* ---- a caller who comes back ---- */

/* Nothing is known of a goodbye. False: the answer comes later. */
static bool let_in(const struct ringing *ringing)
{
    if (stream_attempt_breaks(ringing->attempt) >= VOICE_ATTEMPTS_MAX)
        ringing_refuse(ringing, METRIC_CALLS_REFUSED_ATTEMPTS_SPENT, "attempts are spent", WAY_OUT);
    else if (!is_without_place(ringing))
        return take_in(ringing);
    return true;
}

static void conclude(struct ringing *ringing, bool was_ended)
{
    if (was_ended)
        ringing_hang_up(ringing);
    else
        (void)let_in(ringing); /* who comes back is not asked about */
    ringing_observe(ringing);
    forget(ringing);
}

/* Whoever cannot be known to have said goodbye is answered: better one agent too many than a caller hung up on. */
static void on_deadline(void *owner)
{
    struct ringing *ringing = owner;
    if (ringing->incoming.call_id[0]) {
        take_verdict(ringing, NULL);
        return;
    }
    log_warn("reentry.unknown", "call_sid=%s attempt=%u", ringing->call_sid, ringing->attempt);
    conclude(ringing, false);
}

static bool ask_about_end(struct ringing *ringing)
{
    ringing->ends_asked = planned_end_ask(ringing);
    return ringing->ends_asked;
}

static void take_answer(struct voice *voice, uint64_t key, bool was_ended)
{
    struct ringing *ringing = find_waiting(voice, key);
    if (!ringing)
        return;
    ringing->ends_asked--;
    if (was_ended || !ringing->ends_asked)
        conclude(ringing, was_ended);
}

static void take_unsent(struct voice *voice)
{
    struct letter *letter = mailbox_take_all(&voice->unsent);
    while (letter) {
        struct unsent_question *answer = (struct unsent_question *)letter;
        letter = letter->next;
        const struct ringing *ringing = find_waiting(voice, answer->key);
        take_answer(voice, answer->key, ringing && planned_end_is_in(answer, ringing->attempt));
        unsent_free(answer);
    }
}

static void take_answers(void *owner)
{
    struct voice *voice = owner;
    struct letter *letter = mailbox_take_all(&voice->answers);
    while (letter) {
        struct errand *errand = (struct errand *)letter;
        letter = letter->next;
        take_answer(voice, errand->key, errand->text != NULL);
        errand_free(errand);
    }
    take_unsent(voice);
    take_verdicts(voice);
}

void voice_drain(struct voice *voice, uint64_t hang_up_ms)
{
    voice->hang_up_ms = hang_up_ms;
}

void voice_cancelled(struct voice *voice, struct exchange *exchange)
{
    struct ringing *ringing;
    DL_FOREACH(voice->waiting, ringing)
    {
        if (ringing->exchange == exchange) {
            forget(ringing);
            return;
        }
    }
}

/* ---- the request ---- */

/* `attempt` of the query: one or two digits, at most once; missing is 0. */
static enum err read_attempt(struct slice query, unsigned *attempt)
{
    struct form *form = calloc(1, sizeof *form);
    enum err err = form ? form_parse(form, query) : ERR_NOMEM;
    unsigned found = 0;
    *attempt = 0;
    for (size_t i = 0; err == ERR_OK && i < form->count; i++) {
        struct slice value = form->fields[i].value;
        if (!slice_is(form->fields[i].name, "attempt"))
            continue;
        if (++found > 1 || value.len < 1 || value.len > 2)
            err = ERR_BAD;
        for (size_t digit = 0; err == ERR_OK && digit < value.len; digit++) {
            if (value.data[digit] < '0' || value.data[digit] > '9')
                err = ERR_BAD;
            *attempt = *attempt * 10 + (unsigned)(value.data[digit] - '0');
        }
    }
    if (form && form->text)
        form_free(form);
    free(form);
    return err;
}

/* Whom we called is in the place of a caller; whose call it is our URL says. */
static void take_call_back(struct ringing *ringing, const struct form *form)
{
    ringing->is_outbound = true;
    call_back_facts(&ringing->call_back, ringing->facts_json);
    slice_copy(form_get(form, "To"), ringing->from, sizeof ringing->from);
    slice_copy(form_get(form, "From"), ringing->to, sizeof ringing->to);
    ringing->agent =
        agent_table_choose(slice_from(ringing->call_back.tenant_id), ringing->call_sid);
}

static void take_form(struct ringing *ringing, struct slice query, const struct form *form)
{
    if (!slice_copy(form_get(form, "CallSid"), ringing->call_sid, sizeof ringing->call_sid))
        ringing->call_sid[0] = 0;
    if (call_back_link_read(&ringing->call_back, query) == ERR_OK) {
        take_call_back(ringing, form);
        return;
    }
    incoming_facts(form, ringing->facts_json);
    slice_copy(form_get(form, "From"), ringing->from, sizeof ringing->from);
    slice_copy(form_get(form, "To"), ringing->to, sizeof ringing->to);
    ringing->agent = agent_table_choose_number(form_get(form, "To"), ringing->call_sid);
}

/* False: the answer comes later. */
static bool decide(const struct ringing *ringing)
{
    if (ringing->attempt)
        metric_add(METRIC_CALLS_REENTERED, 1);
    if (call_ends_has(slice_from(ringing->call_sid), ringing->attempt))
        ringing_hang_up(ringing);
    else if (!ringing->agent)
        ringing_refuse(
            ringing, METRIC_CALLS_REFUSED_UNKNOWN_NUMBER, "unknown number", NOT_IN_SERVICE);
    else if (ringing->voice->hang_up_ms && ringing->has_elsewhere)
        ringing_pass_on(ringing);
    else if (ringing->attempt && ringing->call_sid[0] &&
             wait_for(ringing, ask_about_end, LOOK_UP_MS))
        return false;
    else
        return let_in(ringing);
    return true;
}

void voice_answer(struct voice *voice, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct ringing ringing = {.voice = voice,
        .exchange = exchange,
        .began_us = clock_us(),
        .has_elsewhere = request->elsewhere.len > 0};
    enum err err = read_attempt(request->query, &ringing.attempt);
    if (err != ERR_OK) {
        metric_add(METRIC_CALLS_REFUSED_BAD_ATTEMPT, 1);
        log_warn("call.refused", "reason=%s", "bad attempt");
        answer_status(exchange, err == ERR_NOMEM ? 503 : 400);
        return;
    }
    take_form(&ringing, request->query, form);
    log_info("call.ringing", "call_sid=%s tenant=%s attempt=%u", ringing.call_sid,
        ringing.agent ? ringing.agent->tenant_id : "", ringing.attempt);
    if (decide(&ringing))
        ringing_observe(&ringing);
    agent_release(ringing.agent);
}

void voice_return(struct voice *voice, struct exchange *exchange,
    const struct http_request *request, const struct form *form, const struct transfer_link *link,
    const char *status)
{
    struct ringing ringing = {.voice = voice,
        .exchange = exchange,
        .began_us = clock_us(),
        .attempt = stream_attempt_after_transfer(link->attempt),
        .has_elsewhere = request->elsewhere.len > 0};
    take_form(&ringing, request->query, form);
    agent_release(ringing.agent); /* of the number: it may lead to another tenant by now */
    ringing.agent = agent_table_choose(slice_from(link->tenant_id), ringing.call_sid);
    snprintf(ringing.transfer, sizeof ringing.transfer, "%s %s", status, link->to);
    if (!ringing.agent)
        ringing_refuse(
            &ringing, METRIC_CALLS_REFUSED_UNKNOWN_NUMBER, "tenant is gone", NOT_IN_SERVICE);
    else if (voice->hang_up_ms && ringing.has_elsewhere)
        ringing_pass_on(&ringing);
    else if (!is_without_place(&ringing))
        ringing_connect(&ringing);
    ringing_observe(&ringing);
    agent_release(ringing.agent);
}

/* ---- life ---- */

static void wake(void *owner)
{
    struct voice *voice = owner;
    net_wake_send(voice->wake);
}

enum err voice_create(struct voice **out, struct net_loop *loop, struct live_worker *worker,
    const struct public_settings *settings)
{
    struct voice *voice = calloc(1, sizeof *voice);
    if (!voice)
        return ERR_NOMEM;
    voice->settings = *settings;
    voice->loop = loop;
    voice->worker = worker;
    enum err err = net_wake_create(&voice->wake, loop, take_answers, voice);
    if (err != ERR_OK) {
        free(voice);
        return err;
    }
    mailbox_init(&voice->answers, ANSWERS_WAITING_MAX, wake, voice);
    mailbox_init(&voice->unsent, ANSWERS_WAITING_MAX, wake, voice);
    mailbox_init(&voice->verdicts, ANSWERS_WAITING_MAX, wake, voice);
    *out = voice;
    return ERR_OK;
}

void voice_destroy(struct voice *voice)
{
    if (!voice)
        return;
    while (voice->waiting)
        forget(voice->waiting);
    take_answers(voice); /* to nobody */
    net_wake_destroy(voice->wake);
    mailbox_destroy(&voice->answers);
    mailbox_destroy(&voice->unsent);
    mailbox_destroy(&voice->verdicts);
    free(voice);
}
