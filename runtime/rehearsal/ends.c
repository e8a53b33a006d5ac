/* A call's ends: whether an agent takes it and who has the first word, what it came to and what is asked then. */
#include <stdlib.h>
#include <string.h>

#include "live/policy.h"
#include "live/summary.h"
#include "rehearsal/stage.h"

#define OPENING_MS 250 /* then the greeting is the agent's own (live/opening.c) */

static const struct agent *agent_of(const struct stage *stage)
{
    return stage->session->version->agent;
}

/* ---- the first word ---- */

static void speak_first(struct stage *stage)
{
    stage->is_opening = false;
    const char *greeting = stage->greeting ? stage->greeting : agent_of(stage)->greeting;
    stage_event(
        stage, (struct turn_event){.kind = stage->is_mute ? TURN_EVENT_LISTEN : TURN_EVENT_STARTED,
                   .flag = greeting[0] != 0});
}

static void open_late(struct stage *stage, struct happening *it)
{
    if (!stage->is_opening)
        return;
    stage_note(stage, "script", "on_call_start is late: the agent's own greeting");
    speak_first(stage);
}

static void answer(struct stage *stage)
{
    stage->is_opening = backstage_ask_hook(stage, HOOK_ON_CALL_START, json_array());
    if (stage->is_opening)
        stage_later(stage, OPENING_MS, open_late);
    else
        speak_first(stage);
}

void ends_begin(struct stage *stage)
{
    stage_event(stage,
        (struct turn_event){.kind = TURN_EVENT_RULES, .rules = policy_rules(agent_of(stage), "")});
    if (!backstage_ask_hook(stage, HOOK_ON_INCOMING, json_array()))
        answer(stage);
}

void ends_incoming_result(struct stage *stage, const json_t *value)
{
    if (!json_is_object(value)) {
        answer(stage);
        return;
    }
    stage->verdict = json_incref((json_t *)value);
    char *text = json_dumps(value, JSON_COMPACT);
    stage_note(stage, "script", "on_incoming: %s", text ? text : "");
    free(text);
}

void ends_start_result(struct stage *stage, const json_t *value)
{
    if (!stage->is_opening)
        return;
    stage->greeting = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
    stage->is_mute = json_is_false(value);
    speak_first(stage);
}

/* ---- the last word ---- */

const char *ends_outcome(const struct stage *stage)
{
    if (stage->turn.is_ended && stage->turn.end_reason == TURN_END_FAILURE)
        return "failed";
    if (stage->is_transferred)
        return "transferred";
    const char *said = stage->call.labels.outcome;
    return said[0] ? said : NULL;
}

static json_t *summary_of(const struct stage *stage, const char *end_reason)
{
    const char *said = ends_outcome(stage);
    const char *outcome = said ? said : stage->turn_number ? "answered" : "abandoned";
    const struct call_summary summary = {.duration_ms = stage->now_ms - STAGE_START_MS,
        .turns = stage->turn_number,
        .outcome = outcome,
        .end_reason = end_reason,
        .caller_talk_ms = stage->caller_talk_ms,
        .agent_talk_ms = stage->agent_talk_ms,
        .barge_ins = stage->barge_ins};
    return summary_values(&summary);
}

/* Whatever still ran for the call ends with it. */
void ends_finish(struct stage *stage, enum turn_end_reason reason)
{
    const char *name = stage->is_transferred       ? "transferred"
                       : stage->happened.voicemail ? "voicemail"
                                                   : turn_end_reason_name(reason);
    stage_note(stage, "(end)", "%s", name);
    again_on_end(stage, name);
    stage->happened.has_hangup |=
        (reason == TURN_END_AGENT && !stage->happened.voicemail) || reason == TURN_END_IDLE;
    backstage_drop_runs(stage);
    stage_forget_all(stage);
    backstage_ask_hook(stage, HOOK_ON_CALL_END, summary_of(stage, name));
}
