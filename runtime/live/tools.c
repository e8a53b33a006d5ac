/* The tools a reply asked for: one job each to the script thread, results into the conversation. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "live/tool_text.h"
#include "observe/log.h"
#include "observe/metrics.h"

static const char *member(const json_t *tool, const char *name)
{
    return json_string_value(json_object_get(tool, name));
}

static struct script_job *job_for(struct call *call, const json_t *tool)
{
    struct script_job *job = call_script_job(call, SCRIPT_TOOL);
    if (!job)
        return NULL;
    job->tool_name = strdup(member(tool, "name"));
    job->tool_call_id = strdup(member(tool, "id"));
    job->arguments = strdup(member(tool, "arguments"));
    return job;
}

static void set_result(json_t *tool, const char *text)
{
    json_object_set_new(tool, "result", json_string(text));
}

static void start(struct call *call, json_t *tool)
{
    metric_add(METRIC_TOOL_CALLS, 1);
    call_span(call, SPAN_TOOL_START, member(tool, "name"));
    struct script_job *job = job_for(call, tool);
    if (call_send_script(call, job)) {
        call->reply.tools_waiting++;
        return;
    }
    metric_add(METRIC_TOOL_FAILURES, 1);
    metric_add(METRIC_TOOL_RESULTS_FAILED, 1);
    log_warn("tool.failed", "call=%s tool=%s why=%s", call->facts.call_id, member(tool, "name"),
        "script thread is full");
    set_result(tool, "{\"error\":\"unavailable\"}");
}

static void into_conversation(struct call *call)
{
    json_t *calls = call->reply.tool_calls;
    conversation_add_tool_results(&call->conversation, calls);
    json_decref(calls);
    call->reply.tool_calls = json_array();
}

static void finish(struct call *call)
{
    struct reply *reply = &call->reply;
    bool fails_open = reply->failure_text && tool_text_all_given_up(reply->tool_calls);
    into_conversation(call);
    reply_wait_for(call, TURN_PART_OWN);
    call_event(call, (struct turn_event){
                         .kind = TURN_EVENT_TOOLS_DONE, .epoch = reply->epoch, .flag = fails_open});
}

void tools_run(struct call *call)
{
    struct reply *reply = &call->reply;
    reply_drain_round(call);
    reply_wait_for(call, TURN_PART_TOOLS);
    size_t unheard_at;
    bool is_estimate;
    char *text = reply_text(call, reply->told_segments, &unheard_at, &is_estimate);
    reply->told_segments = reply->segment_count;
    conversation_add_tool_calls(
        &call->conversation, slice_trim(slice_from(text)), reply->tool_calls);
    free(text);
    size_t i;
    json_t *tool;
    json_array_foreach(reply->tool_calls, i, tool)
    {
        if (!json_object_get(tool, "result")) /* or it was refused */
            start(call, tool);
    }
    if (reply->tools_waiting == 0)
        finish(call);
}

static json_t *find(const struct call *call, const struct script_result *result)
{
    size_t i;
    json_t *tool;
    if (result->epoch != call->reply.epoch || !result->tool_call_id)
        return NULL;
    json_array_foreach(call->reply.tool_calls, i, tool)
    {
        if (strcmp(member(tool, "id"), result->tool_call_id) == 0)
            return tool;
    }
    return NULL;
}

/* There is no result to ask the model about; the first words for that count. */
static void give_up(struct reply *reply, json_t *tool, const char *words)
{
    json_object_set_new(tool, "is_given_up", json_true());
    if (!reply->failure_text && words)
        reply->failure_text = strdup(words);
}

/* Past its limit: the model reads what the caller is told, and that it may be done all the same. */
static void set_late(struct reply *reply, json_t *tool, const struct script_result *result)
{
    char *text = tool_text_late(result->failure_text);
    set_result(tool, text ? text : CONVERSATION_NO_RESULT);
    free(text);
    give_up(reply, tool, result->failure_text);
}

static void note(struct call *call, struct script_result *result)
{
    bool is_done = result->ending == SCRIPT_DONE;
    if (!is_done) {
        metric_add(METRIC_TOOL_FAILURES, 1);
        log_warn("tool.failed", "call=%s tool=%s ending=%s why=%s", call->facts.call_id,
            result->tool_name, script_ending_name(result->ending), result->why);
    }
    tally_tool_result(result);
    metric_observe_ms(HISTOGRAM_TOOL, result->elapsed_us / 1000.0);
    call_span(call, SPAN_TOOL_END, result->tool_name);
    journal_take_state(call, result);
    journal_tool(call, result);
}

/* ---- on_tool_error ---- */

/* False: the tenant has nothing to say about it. */
static bool ask_about(struct call *call, json_t *tool, const struct script_result *result)
{
    if (!call->agent->has_hook[HOOK_ON_TOOL_ERROR] ||
        !tool_text_is_failure(result, &call->reply.tools_refused))
        return false;
    struct script_job *job = hooks_job(call, HOOK_ON_TOOL_ERROR,
        json_pack("[s, o]", member(tool, "name"), tool_text_error(member(tool, "result"))));
    if (job)
        job->tool_call_id = strdup(member(tool, "id"));
    if (!call_send_script(call, job))
        return false;
    json_object_set_new(tool, "is_asked", json_true());
    hooks_hold(call, HOOK_ON_TOOL_ERROR);
    return true;
}

static void settle(struct call *call)
{
    if (--call->reply.tools_waiting == 0)
        finish(call);
}

/* Its words take the place of the model's; the model is told of them where another tool gave a result. */
static void take_words(struct reply *reply, json_t *tool, const char *words)
{
    char *printed = tool_text_said(member(tool, "result"), words);
    if (printed)
        set_result(tool, printed);
    free(printed);
    reply->is_failure_own = !reply->failure_text;
    give_up(reply, tool, words);
}

void tools_error_result(struct call *call, const struct script_result *result, const json_t *value)
{
    json_t *tool = find(call, result);
    hooks_let_go(call);
    hooks_pump(call); /* its own words come before what follows */
    if (!tool || !json_object_get(tool, "is_asked"))
        return;
    json_object_del(tool, "is_asked");
    char *instead =
        json_is_object(value) || json_is_array(value) ? json_dumps(value, JSON_COMPACT) : NULL;
    if (json_is_string(value)) {
        take_words(&call->reply, tool, json_string_value(value));
    } else if (instead) {
        json_object_del(tool, "is_given_up");
        set_result(tool, instead);
    }
    free(instead);
    settle(call);
}

/* ---- results ---- */

void tools_result(struct call *call, struct script_result *result)
{
    note(call, result);
    struct reply *reply = &call->reply;
    json_t *tool = find(call, result);
    bool is_asked = tool && json_object_get(tool, "is_asked");
    bool is_waited_for = tool && (is_asked || !json_object_get(tool, "result"));
    const char *text = result->text ? result->text : "{\"error\":\"failed\"}";
    if (!tool) /* the reply it belonged to is gone, or did not wait; what it did counts all the same */
        conversation_correct_tool_result(
            &call->conversation, result->tool_call_id, slice_from(result->text));
    else if (result->ending == SCRIPT_TIMEOUT)
        set_late(reply, tool, result);
    else
        set_result(tool, text);
    if (tool && result->is_late && result->ending == SCRIPT_DONE)
        json_object_del(
            tool, "is_given_up"); /* others are still waited for: it is no longer late */
    if (is_asked && result->ending != SCRIPT_DONE)
        return; /* on_tool_error has the word */
    if (is_asked)
        json_object_del(tool, "is_asked");
    if (is_waited_for && (result->is_late || !ask_about(call, tool, result)))
        settle(call);
}

void tools_cancel(struct call *call)
{
    if (call->reply.tools_waiting == 0)
        return;
    call->reply.tools_waiting = 0;
    into_conversation(call);
}
