/* A stream among others: the one use of its token, which another node may have had, and, when it goes on with a call
   that broke, what was said before. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "live/recall.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define HISTORY_MS 700 /* without an answer the caller is spoken to all the same */

static struct errand *errand_of(struct call *call, enum errand_kind kind)
{
    struct errand *errand = errand_make(kind);
    if (!errand)
        return NULL;
    errand->reply = &call->worker->errands;
    errand->key = call->key;
    errand->attempt = call->attempt;
    slice_copy(slice_from(call->facts.call_sid), errand->call_sid, sizeof errand->call_sid);
    slice_copy(slice_from(call->facts.tenant_id), errand->tenant_id, sizeof errand->tenant_id);
    slice_copy(slice_from(call->facts.call_id), errand->call_id, sizeof errand->call_id);
    return errand;
}

static bool send(struct call *call, enum errand_kind kind)
{
    struct errands *errands = call->worker->live->options.errands;
    struct errand *errand = errands ? errand_of(call, kind) : NULL;
    if (!errand)
        return false;
    if (errands_send(errands, errand) == ERR_OK)
        return true;
    log_warn("errand.full", "call=%s", call->facts.call_id);
    errand_free(errand);
    return false;
}

/* ---- the claim ---- */

void reentry_claim(struct call *call)
{
    send(call, ERRAND_CLAIM); /* not sent, or not answered: the process's own table has to do */
}

void reentry_claim_answer(struct call *call, const struct errand *errand)
{
    if (errand->err != ERR_OK || errand->text || call->is_finished)
        return;
    metric_add(METRIC_STREAM_REFUSED_TOKEN_USED, 1);
    log_warn(
        "stream.refused", "call=%s reason=%s", call->facts.call_id, "token used on another node");
    call->end_reason = "claimed_elsewhere";
    call->is_broken = true; /* the call itself goes on, over there */
    if (call->ws)
        ws_close(call->ws, 1008, "token used before");
    call_stream_gone(call, call->end_reason);
}

/* ---- what was said before ---- */

static unsigned turn_of(const json_t *line)
{
    return (unsigned)json_integer_value(json_object_get(line, "turn"));
}

static void take_tool(struct call *call, const json_t *line)
{
    json_t *result = json_object_get(line, "result");
    char *arguments = json_dumps(json_object_get(line, "arguments"), JSON_COMPACT);
    char *text = json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *id = json_string_value(json_object_get(line, "id"));
    id = id && id[0] ? id : "call_before"; /* a request with a call that has none is refused */
    json_t *calls = json_pack("[{s:s, s:O, s:s}]", "id", id, "name", json_object_get(line, "name"),
        "arguments", arguments ? arguments : "{}");
    if (calls && text) {
        conversation_add_tool_calls(&call->conversation, SLICE(""), calls);
        conversation_add_tool_result(&call->conversation, id, slice_from(text));
        const char *outcome = outcome_of_result(result);
        if (outcome)
            slice_copy(slice_from(outcome), call->labels.outcome, sizeof call->labels.outcome);
        journal_tool_line(
            call, json_string_value(json_object_get(line, "name")), arguments, text, turn_of(line));
    }
    json_decref(calls);
    free(arguments);
    free(text);
}

static const char *kind_of(const json_t *line)
{
    return json_string_value(json_object_get(line, "kind"));
}

/* Whoever interrupts says something next; a line that broke is followed by the next agent's words, or by nothing yet. */
static void take_reply(struct call *call, const json_t *line, const json_t *next)
{
    struct slice text = slice_from(json_string_value(json_object_get(line, "text")));
    struct slice unheard = slice_from(json_string_value(json_object_get(line, "unheard")));
    const char *next_kind = kind_of(next);
    conversation_add_agent(&call->conversation, text);
    if (next_kind && strcmp(next_kind, "in") == 0)
        conversation_add_unheard(&call->conversation, unheard);
    else
        conversation_add_broken_off(&call->conversation, unheard);
    if (text.len)
        history_add(&call->history, "agent", text, turn_of(line));
}

static void take_line(struct call *call, const json_t *line, const json_t *next)
{
    const char *kind = kind_of(line);
    struct slice text = slice_from(json_string_value(json_object_get(line, "text")));
    if (!kind)
        return;
    if (strcmp(kind, "in") == 0) {
        conversation_add_caller(&call->conversation, text);
        history_add(&call->history, "caller", text, turn_of(line));
    } else if (strcmp(kind, "out") == 0) {
        take_reply(call, line, next);
    } else {
        take_tool(call, line);
    }
}

/* Of the script's own word; what its tools came to was taken from their lines. */
static void take_labels(struct call *call, const json_t *history)
{
    const json_t *tags = json_object_get(history, "tags");
    const char *outcome =
        outcome_find(slice_from(json_string_value(json_object_get(history, "outcome"))));
    free(call->labels.tags_json);
    call->labels.tags_json = json_is_array(tags) ? json_dumps(tags, JSON_COMPACT) : NULL;
    if (outcome)
        slice_copy(slice_from(outcome), call->labels.outcome, sizeof call->labels.outcome);
    call->is_state_new |= call->labels.tags_json || call->labels.outcome[0];
}

static void take_history(struct call *call, const json_t *history)
{
    size_t i;
    json_t *line, *lines = json_object_get(history, "lines");
    json_array_foreach(lines, i, line) take_line(call, line, json_array_get(lines, i + 1));
    call->turn_number = (unsigned)json_integer_value(json_object_get(history, "turn_index"));
    json_t *state = json_object_get(history, "state");
    if (json_is_object(state)) {
        free(call->state_json);
        call->state_json = json_dumps(state, JSON_COMPACT);
        call->is_state_new = call->state_json != NULL; /* this part's row has it too */
    }
    take_labels(call, history);
    if (call->came_back[0] && strcmp(call->labels.outcome, TRANSFERRED) == 0)
        call->labels.outcome[0] = 0; /* it came to nothing */
    struct slice phase = slice_from(json_string_value(json_object_get(history, "phase")));
    if (phase.len && slice_copy(phase, call->phase, sizeof call->phase)) {
        call->is_state_new = true;
        rules_tell(call);
    }
    metric_add(METRIC_CALLS_RESUMED, 1);
    log_info("call.resumed", "call=%s call_sid=%s attempt=%u lines=%zu turn=%u",
        call->facts.call_id, call->facts.call_sid, call->attempt, json_array_size(lines),
        call->turn_number);
}

static void speak(struct call *call)
{
    call->history_by_ms = 0;
    if (call->is_resumed || !opening_ask(call))
        call_speak_first(call);
}

/* Rows that are still on their way to Postgres, of processes that died too. */
static bool ask_unsent(struct call *call)
{
    struct records *records = call->worker->live->options.records;
    struct unsent_question *question = records ? unsent_make() : NULL;
    if (!question)
        return false;
    question->reply = &call->worker->unsent;
    question->key = call->key;
    question->deadline_ms = clock_ms() + HISTORY_MS;
    slice_copy(slice_from(call->facts.call_sid), question->call_sid, sizeof question->call_sid);
    if (records_of_call(records, question) == ERR_OK)
        return true;
    unsent_free(question);
    return false;
}

bool reentry_ask(struct call *call)
{
    if (!call->attempt)
        return false;
    call->is_resumed = true;
    call->history_asked = (unsigned)send(call, ERRAND_HISTORY) + (unsigned)ask_unsent(call);
    if (!call->history_asked)
        return false;
    call->history_by_ms = clock_ms() + HISTORY_MS;
    call_arm(call);
    return true;
}

void reentry_drop(struct call *call)
{
    json_decref(call->history_found);
    unsent_free(call->history_unsent);
    call->history_found = NULL;
    call->history_unsent = NULL;
}

/* With what has come. A caller of whom there is no trace was never spoken to: the ordinary greeting. Who comes back from a
   transfer was. */
static void go_on(struct call *call)
{
    bool has_postgres = call->history_found;
    const struct unsent_question *unsent = call->history_unsent;
    json_t *history = recall_merge_take(call->history_found, unsent ? unsent->rows : NULL,
        unsent ? unsent->count : 0, call->facts.tenant_id, call->facts.call_id);
    call->history_found = NULL;
    if (json_integer_value(json_object_get(history, "calls")) > 0)
        take_history(call, history);
    else if (has_postgres && !call->came_back[0])
        call->is_resumed = false;
    json_decref(history);
    reentry_drop(call);
    speak(call);
}

static void one_came(struct call *call)
{
    call->history_asked--;
    if (!call->history_asked)
        go_on(call);
}

void reentry_answer(struct call *call, const struct errand *errand)
{
    if (!call->history_by_ms || call->is_finished)
        return;
    call->history_found = errand->text ? json_loads(errand->text, 0, NULL) : NULL;
    one_came(call);
}

void reentry_unsent_take(struct call *call, struct unsent_question *question)
{
    if (!call->history_by_ms || call->is_finished) {
        unsent_free(question);
        return;
    }
    call->history_unsent = question;
    one_came(call);
}

void reentry_tick(struct call *call, uint64_t now_ms)
{
    if (!call->history_by_ms || now_ms < call->history_by_ms)
        return;
    if (!call->history_found)
        log_warn(
            "call.unremembered", "call=%s call_sid=%s", call->facts.call_id, call->facts.call_sid);
    go_on(call);
}
