/* The model's part of a turn, round by round: tools that it asks for lead to the next question, at most so many. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/agent_route.h"
#include "live/tally.h"
#include "live/tool_text.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "text/tokens.h"
#include "texting/turn.h"

#define TOOL_CALLS_MAX 8 /* a turn, as in a call */
#define TOOL_CALLS_TOLD_MAX                                                                        \
    16 /* past the line above they are told so, past this one the model is not asked again */
#define FIRST_TOKEN_WITHIN_MS 10000 /* nobody listens to the silence */

static const char *text_of(const json_t *tool, const char *name)
{
    const char *text = json_string_value(json_object_get(tool, name));
    return text ? text : "";
}

static void stop(struct text_turn *turn)
{
    if (turn->llm)
        turn->texting->options.llm_ops->cancel(turn->llm);
    turn->llm = NULL;
}

/* ---- tools ---- */

static void set_result(json_t *tool, const char *text)
{
    json_object_set_new(tool, "result", json_string(text));
}

static void settle(struct text_turn *turn)
{
    turn->tools_by_ms = 0;
    net_timer_set(turn->timer, turn->began_ms + turn->texting->options.turn_ms);
    conversation_add_tool_results(&turn->conversation, turn->calls);
    if (turn->tools_asked > TOOL_CALLS_TOLD_MAX)
        text_turn_fail(turn, "the model asked for tools without an end");
    else
        text_turn_ask_model(turn);
}

static void start_tool(struct text_turn *turn, json_t *tool)
{
    if (++turn->tools_asked > TOOL_CALLS_MAX) {
        metric_add(METRIC_TOOL_RESULTS_REFUSED, 1);
        set_result(tool, TOOL_TEXT_TOO_MANY);
        return;
    }
    struct script_job *job = text_turn_job(turn, SCRIPT_TOOL);
    metric_add(METRIC_TOOL_CALLS, 1);
    if (job) {
        job->tool_name = strdup(text_of(tool, "name"));
        job->tool_call_id = strdup(text_of(tool, "id"));
        job->arguments = strdup(text_of(tool, "arguments"));
    }
    if (text_turn_send(turn, job)) {
        turn->tools_waiting++;
        return;
    }
    metric_add(METRIC_TOOL_RESULTS_FAILED, 1);
    set_result(tool, "{\"error\":\"unavailable\"}");
}

static void run_tools(struct text_turn *turn)
{
    size_t i;
    json_t *tool;
    turn->step = TEXT_TOOLS;
    conversation_add_tool_calls(
        &turn->conversation, slice_trim(strbuf_slice(&turn->written)), turn->calls);
    json_array_foreach(turn->calls, i, tool) start_tool(turn, tool);
    if (!turn->tools_waiting)
        settle(turn);
}

static json_t *waiting_tool(const struct text_turn *turn, const char *id)
{
    size_t i;
    json_t *tool;
    json_array_foreach(turn->calls, i, tool)
    {
        bool is_open = !json_object_get(tool, "result") || json_object_get(tool, "is_late");
        if (id && is_open && strcmp(text_of(tool, "id"), id) == 0)
            return tool;
    }
    return NULL;
}

/* Past its limit, but it goes on: the result that stands there until its own comes. */
static void set_late(struct text_turn *turn, json_t *tool, const struct script_result *result)
{
    char *text = tool_text_late(result->failure_text);
    set_result(tool, text ? text : CONVERSATION_NO_RESULT);
    free(text);
    json_object_set_new(tool, "is_late", json_true());
    if (!turn->tools_by_ms)
        turn->tools_by_ms = clock_ms() + TEXTING_TOOLS_LATE_MS;
    uint64_t end_ms = turn->began_ms + turn->texting->options.turn_ms;
    net_timer_set(turn->timer, turn->tools_by_ms < end_ms ? turn->tools_by_ms : end_ms);
}

void text_turn_tool_result(struct text_turn *turn, const struct script_result *result)
{
    json_t *tool = turn->step == TEXT_TOOLS ? waiting_tool(turn, result->tool_call_id) : NULL;
    tally_tool_result(result);
    metric_observe_ms(HISTOGRAM_TOOL, result->elapsed_us / 1000.0);
    if (result->ending != SCRIPT_DONE) {
        metric_add(METRIC_TOOL_FAILURES, 1);
        log_warn("tool.failed", "call=%s tool=%s ending=%s why=%s", turn->facts.call_id,
            result->tool_name, script_ending_name(result->ending), result->why);
    }
    text_turn_put_tool(turn, result);
    if (tool && result->ending == SCRIPT_TIMEOUT) {
        set_late(turn, tool, result);
    } else if (tool) {
        set_result(tool, result->text ? result->text : "{\"error\":\"failed\"}");
        json_object_del(tool, "is_late");
        if (--turn->tools_waiting == 0)
            settle(turn);
    } else {
        conversation_correct_tool_result(
            &turn->conversation, result->tool_call_id, slice_from(result->text));
    }
}

void text_turn_tools_late(struct text_turn *turn)
{
    turn->tools_waiting = 0;
    settle(turn);
}

/* ---- the answer ---- */

static void count_usage(struct text_turn *turn, const struct llm_usage *told)
{
    const struct route *route = &turn->route;
    bool is_known = turn->provider[0] || !route->count;
    const char *provider = is_known ? turn->provider : route_provider(route, 0);
    struct usage_amount amount = agent_route_amount(
        route, provider, told, turn->asked_tokens, tokens_estimate(strbuf_slice(&turn->written)));
    usage_add(&turn->usage, SLOT_THINK, provider, is_known ? turn->model : route_model(route, 0),
        &amount);
}

static void on_source(void *owner, const char *provider, const char *model)
{
    struct text_turn *turn = owner;
    slice_copy(slice_from(provider), turn->provider, sizeof turn->provider);
    slice_copy(slice_from(model), turn->model, sizeof turn->model);
}

static void on_text(void *owner, struct slice text)
{
    struct text_turn *turn = owner;
    strbuf_add_slice(&turn->written, text);
}

static bool on_restart(void *owner)
{
    struct text_turn *turn = owner;
    strbuf_clear(&turn->written);
    json_array_clear(turn->calls);
    return true;
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct text_turn *turn = owner;
    json_array_append_new(
        turn->calls, json_pack("{s:s%, s:s%, s:s%}", "id", id.data, id.len, "name", name.data,
                         name.len, "arguments", arguments.data, arguments.len));
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct text_turn *turn = owner;
    count_usage(turn, usage);
    stop(turn);
    if (json_array_size(turn->calls))
        run_tools(turn);
    else
        text_turn_answer(turn, strbuf_slice(&turn->written), false);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct text_turn *turn = owner;
    log_warn("text.model_failed", "call=%s err=%s why=%s", turn->facts.call_id,
        err_name(failure->err), failure->why);
    stop(turn);
    text_turn_fail(turn, "no model answered");
}

static const struct llm_listener listener = {.on_source = on_source,
    .on_text = on_text,
    .on_restart = on_restart,
    .on_tool_call = on_tool_call,
    .on_done = on_done,
    .on_failed = on_failed};

/* ---- the question ---- */

static enum err ask(struct text_turn *turn)
{
    const struct agent *agent = turn->agent;
    struct llm_settings settings = {
        .route = &turn->route, .answer_within_ms = FIRST_TOKEN_WITHIN_MS};
    char *messages = conversation_json(&turn->conversation, turn->system_prompt);
    if (!messages)
        return ERR_NOMEM;
    enum err err = turn->texting->options.llm_ops->start(&turn->llm, turn->texting->loop, &settings,
        slice_from(messages), slice_from(agent->tool_count ? agent->tools_json : ""), &listener,
        turn);
    free(messages);
    return err;
}

void text_turn_ask_model(struct text_turn *turn)
{
    size_t beside = tokens_estimate(slice_from(turn->system_prompt)) + turn->agent->tools_tokens;
    turn->step = TEXT_MODEL;
    strbuf_clear(&turn->written);
    json_array_clear(turn->calls);
    (void)conversation_fit(&turn->conversation, beside, agent_route_tokens(&turn->route));
    turn->asked_tokens = turn->conversation.tokens + beside;
    if (ask(turn))
        text_turn_fail(turn, "the model could not be asked");
}
