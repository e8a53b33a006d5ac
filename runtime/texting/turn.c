#include "texting/turn.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "live/agent_route.h"
#include "live/budgets.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "texting/text_reply.h"
#include "texting/told.h"

#define ANSWER_MAX_BYTES 16384 /* far more than any text holds */

static struct slice member(const json_t *claim, const char *name)
{
    return slice_from(json_string_value(json_object_get(claim, name)));
}

/* ---- its end ---- */

static void on_deadline(void *owner)
{
    struct text_turn *turn = owner;
    if (turn->step == TEXT_TOOLS && turn->tools_by_ms && clock_ms() >= turn->tools_by_ms)
        text_turn_tools_late(turn);
    else if (turn->step != TEXT_ENDING)
        text_turn_fail(turn, "it took too long");
}

void text_turn_fail(struct text_turn *turn, const char *why)
{
    log_warn("text.failed", "call=%s tenant=%s step=%d why=%s", turn->facts.call_id,
        turn->facts.tenant_id, (int)turn->step, why);
    turn->why = why;
    strbuf_clear(&turn->answer);
    text_reply(&turn->answer, slice_from(turn->agent->texts.failure_text),
        turn->agent->texts.max_segments);
    text_turn_end(turn);
}

void text_turn_answer(struct text_turn *turn, struct slice written, bool is_own)
{
    strbuf_clear(&turn->answer);
    text_reply(&turn->answer, written, turn->agent->texts.max_segments);
    if (!turn->answer.len) {
        text_turn_fail(turn, "the model wrote nothing");
        return;
    }
    turn->step = TEXT_WORDING;
    if (is_own || !text_turn_ask_hook(turn, HOOK_BEFORE_SAY, turn->answer.data))
        text_turn_end(turn);
}

/* Another text, or false: none of it. */
static void take_wording(struct text_turn *turn, const json_t *value)
{
    if (json_is_false(value)) {
        text_turn_fail(turn, "before_say held it back");
        return;
    }
    if (json_is_string(value)) {
        strbuf_clear(&turn->answer);
        text_reply(
            &turn->answer, slice_from(json_string_value(value)), turn->agent->texts.max_segments);
    }
    text_turn_end(turn);
}

/* ---- the prompt ---- */

static void ask_prompt(struct text_turn *turn)
{
    struct script_job *job = text_turn_job(turn, SCRIPT_PROMPT);
    turn->step = TEXT_PROMPT;
    if (job) {
        job->utterance = strdup(turn->reworded ? turn->reworded : turn->said);
        job->is_turn_begun = turn->is_begun;
    }
    if (!text_turn_send(turn, job))
        text_turn_fail(turn, "the script thread is full");
}

static void take_prompt(struct text_turn *turn, const struct script_result *result)
{
    if (result->ending == SCRIPT_DONE && result->text)
        turn->system_prompt = told_prompt(
            result->text, turn->claim, text_reply_letters(turn->agent->texts.max_segments));
    if (!turn->system_prompt) {
        log_warn("text.prompt_failed", "call=%s why=%s", turn->facts.call_id,
            result->why ? result->why : "no memory");
        text_turn_fail(turn, "the prompt failed");
        return;
    }
    told_texts(&turn->conversation, turn->claim);
    conversation_add_caller(
        &turn->conversation, slice_from(turn->reworded ? turn->reworded : turn->said));
    text_turn_ask_model(turn);
}

/* ---- on_user_turn ---- */

/* {"say"?, "hangup"} and {"say"?, "transfer"}: there is no line, but the words are meant. */
static void take_turn(struct text_turn *turn, const json_t *value)
{
    const char *reworded = json_string_value(json_object_get(value, "rewrite"));
    struct slice said =
        json_is_string(value) ? slice_from(json_string_value(value)) : member(value, "say");
    turn->is_begun = true;
    if (reworded)
        turn->reworded = strdup(reworded);
    if (said.len)
        text_turn_answer(turn, said, true);
    else if (json_is_object(value) && !reworded)
        text_turn_end(turn); /* the script has done what there was to do */
    else
        ask_prompt(turn);
}

static void take_hook(struct text_turn *turn, const struct script_result *result)
{
    json_t *value = text_turn_value(result);
    if (turn->step == TEXT_HOOK && result->hook == HOOK_ON_USER_TURN)
        take_turn(turn, value);
    else if (turn->step == TEXT_WORDING && result->hook == HOOK_BEFORE_SAY)
        take_wording(turn, value);
    json_decref(value);
}

void text_turn_result(struct text_turn *turn, struct script_result *result)
{
    if (turn->step == TEXT_ENDING) {
        if (result->kind == SCRIPT_TOOL)
            text_turn_put_tool(turn, result);
        return;
    }
    text_turn_take_state(turn, result);
    if (result->kind == SCRIPT_TOOL)
        text_turn_tool_result(turn, result);
    else if (result->kind == SCRIPT_HOOK)
        take_hook(turn, result);
    else if (result->kind == SCRIPT_PROMPT && turn->step == TEXT_PROMPT)
        take_prompt(turn, result);
}

/* ---- its beginning ---- */

static void read_claim(struct text_turn *turn)
{
    const json_t *claim = turn->claim;
    const json_t *state = json_object_get(claim, "state"), *tags = json_object_get(claim, "tags");
    struct script_call_facts *facts = &turn->facts;
    slice_copy(member(claim, "call"), facts->call_id, sizeof facts->call_id);
    slice_copy(member(claim, "tenant"), facts->tenant_id, sizeof facts->tenant_id);
    slice_copy(member(claim, "from"), facts->caller, sizeof facts->caller);
    slice_copy(member(claim, "to"), facts->called, sizeof facts->called);
    facts->channel = CHANNEL_SMS;
    turn->number = (unsigned)json_integer_value(json_object_get(claim, "number"));
    turn->said = told_words(claim);
    turn->state_json = json_is_object(state) ? json_dumps(state, JSON_COMPACT) : NULL;
    slice_copy(member(claim, "phase"), turn->phase, sizeof turn->phase);
    slice_copy(member(claim, "outcome"), turn->labels.outcome, sizeof turn->labels.outcome);
    turn->labels.tags_json = json_is_array(tags) ? json_dumps(tags, JSON_COMPACT) : NULL;
    told_history(&turn->history, claim);
}

/* Why the agent is not asked at all; NULL: it is. */
static const char *why_not(const struct text_turn *turn)
{
    json_int_t answers = json_integer_value(json_object_get(turn->claim, "answers_today"));
    enum budget_state budget = budgets_state_of(turn->facts.tenant_id);
    if (!turn->agent->texts.answers)
        return "texts are the staff's here (agent.lua: texts = true)";
    if (budget == BUDGET_SPENT || budget == BUDGET_OVERDRAWN)
        return "the tenant's budget is spent";
    if (answers >= turn->texting->options.answers_a_day)
        return "this number got as many answers today as one may";
    return NULL;
}

static enum err make(struct text_turn *turn)
{
    read_claim(turn);
    strbuf_init(&turn->written, ANSWER_MAX_BYTES);
    strbuf_init(&turn->answer, ANSWER_MAX_BYTES);
    turn->calls = json_array();
    enum err err = turn->said && turn->calls ? conversation_init(&turn->conversation) : ERR_NOMEM;
    if (!err)
        err = net_timer_create(&turn->timer, turn->texting->loop, on_deadline, turn);
    if (err)
        return err;
    agent_route_make(
        &turn->route, turn->texting->desk, SLOT_THINK, turn->agent, turn->facts.call_id);
    turn->route.usage = &turn->usage;
    return ERR_OK;
}

static void begin(struct text_turn *turn)
{
    turn->why = why_not(turn);
    if (turn->why)
        text_turn_end(turn);
    else if (!text_turn_ask_hook(turn, HOOK_ON_USER_TURN, turn->said))
        ask_prompt(turn);
}

enum err text_turn_begin(struct texting *texting, json_t *claim)
{
    char call_id[ID_SIZE] = "";
    slice_copy(member(claim, "call"), call_id, sizeof call_id);
    struct agent *agent = agent_table_choose(member(claim, "tenant"), call_id);
    struct text_turn *turn = agent ? calloc(1, sizeof *turn) : NULL;
    if (!turn) {
        json_decref(claim);
        agent_release(agent);
        return agent ? ERR_NOMEM : ERR_NOT_FOUND;
    }
    *turn = (struct text_turn){.texting = texting,
        .key = ++texting->next_key,
        .claim = claim,
        .agent = agent,
        .began_ms = clock_ms()};
    enum err err = make(turn);
    if (err) {
        text_turn_free(turn);
        return err;
    }
    DL_APPEND(texting->turns, turn);
    texting->turn_count++;
    net_timer_set(turn->timer, turn->began_ms + texting->options.turn_ms);
    begin(turn);
    return ERR_OK;
}

void text_turn_free(struct text_turn *turn)
{
    if (turn->llm)
        turn->texting->options.llm_ops->cancel(turn->llm);
    net_timer_destroy(turn->timer);
    if (turn->conversation.messages)
        conversation_close(&turn->conversation);
    history_clear(&turn->history);
    labels_clear(&turn->labels);
    route_clear(&turn->route);
    agent_release(turn->agent);
    json_decref(turn->claim);
    json_decref(turn->calls);
    strbuf_free(&turn->written);
    strbuf_free(&turn->answer);
    free(turn->said);
    free(turn->reworded);
    free(turn->system_prompt);
    free(turn->state_json);
    free(turn);
}
