/* The engine's states, and what it decided and why. */
#include <inttypes.h>
#include <stdio.h>

#include "replay/story_internal.h"

struct why {
    char text[200];
};

/* Why the caller's turn was taken for over. */
static struct why why_turn(const struct story *story)
{
    const struct turn *before = &story->steps.before;
    const struct turn_event *event = &story->steps.step.event;
    struct why why;
    uint64_t now_ms = REPLAY_BEGAN_MS + story->at_ms;
    if (event->kind == TURN_EVENT_STARTED)
        snprintf(why.text, sizeof why.text, "the model has the first word");
    else if (event->kind == TURN_EVENT_END_OF_TURN)
        snprintf(why.text, sizeof why.text, "the script says that the words are whole");
    else if (before->typed_ms)
        snprintf(why.text, sizeof why.text, "keys, and none more came");
    else if (before->is_forced)
        snprintf(why.text, sizeof why.text, "the caller spoke for %u ms (max_utterance_ms)",
            before->settings.max_utterance_ms);
    else
        snprintf(why.text, sizeof why.text,
            "%" PRIu64 " ms of silence (silence_ms %u%s%s), %s transcript",
            before->speech_ended_ms < now_ms ? now_ms - before->speech_ended_ms : 0,
            before->settings.silence_ms, before->words.is_hanging ? ", and patience_ms: " : "",
            before->words.is_hanging ? "the words hang" : "",
            before->open_items ? "without the final" : "with the final");
    return why;
}

static struct why why_action(const struct story *story, const struct turn_action *action)
{
    const struct turn *before = &story->steps.before;
    struct why why;
    if (action->kind == TURN_ACTION_COMMIT_TURN || action->kind == TURN_ACTION_DRAFT_TURN)
        return why_turn(story);
    if (action->kind == TURN_ACTION_NUDGE || action->kind == TURN_ACTION_FAREWELL)
        snprintf(why.text, sizeof why.text, "nobody spoke for %u ms (idle_ms)",
            before->settings.idle_ms);
    else if (action->kind == TURN_ACTION_FILL)
        snprintf(
            why.text, sizeof why.text, "the caller waits (fill_ms %u)", before->settings.fill_ms);
    else if (action->kind == TURN_ACTION_END_TEXT)
        snprintf(why.text, sizeof why.text, "enough was said (max_sentences %u)",
            before->settings.max_sentences);
    else if (action->kind == TURN_ACTION_END_CALL)
        snprintf(why.text, sizeof why.text, "%s", turn_end_reason_name(action->reason));
    else {
        struct strbuf event;
        strbuf_init(&event, 400);
        turn_event_describe(&event, &story->steps.step.event);
        slice_copy(strbuf_slice(&event), why.text, sizeof why.text);
        strbuf_free(&event);
    }
    return why;
}

static bool is_decision(enum turn_action_kind kind)
{
    switch (kind) {
    case TURN_ACTION_DRAFT_TURN:
    case TURN_ACTION_COMMIT_TURN:
    case TURN_ACTION_REOPEN_TURN:
    case TURN_ACTION_DISCARD_SPEECH:
    case TURN_ACTION_ASK_END_OF_TURN:
    case TURN_ACTION_ASK_SILENCE:
    case TURN_ACTION_GREET:
    case TURN_ACTION_NUDGE:
    case TURN_ACTION_FAREWELL:
    case TURN_ACTION_SAY:
    case TURN_ACTION_END_TEXT:
    case TURN_ACTION_RUN_TOOLS:
    case TURN_ACTION_FAIL_OPEN:
    case TURN_ACTION_DUCK:
    case TURN_ACTION_PAUSE:
    case TURN_ACTION_RESUME:
    case TURN_ACTION_CLEAR:
    case TURN_ACTION_CANCEL_REPLY:
    case TURN_ACTION_FILL:
    case TURN_ACTION_APOLOGISE:
    case TURN_ACTION_END_CALL:
        return true;
    case TURN_ACTION_COMMIT_SPEECH:
    case TURN_ACTION_START_MODEL:
    case TURN_ACTION_SPEAK:
    case TURN_ACTION_END_MODEL:
    case TURN_ACTION_FINISH_SEGMENT:
    case TURN_ACTION_CLOSE_REPLY:
    case TURN_ACTION_HUSH:
        return false;
    }
    return false;
}

static bool has_action(const struct turn_actions *actions, enum turn_action_kind kind)
{
    for (unsigned i = 0; i < actions->count; i++)
        if (actions->list[i].kind == kind)
            return true;
    return false;
}

static void follow(struct story *story, const struct turn_action *action)
{
    const struct turn_actions *actions = &story->steps.step.actions;
    switch (action->kind) {
    case TURN_ACTION_COMMIT_TURN:
        if (story->steps.step.event.kind != TURN_EVENT_STARTED)
            story_commit(story);
        story_reply_begin(story, action->epoch);
        return;
    case TURN_ACTION_DRAFT_TURN:
    case TURN_ACTION_GREET:
    case TURN_ACTION_NUDGE:
    case TURN_ACTION_FAREWELL:
    case TURN_ACTION_SAY:
    case TURN_ACTION_APOLOGISE:
        story_reply_begin(story, action->epoch);
        return;
    case TURN_ACTION_CANCEL_REPLY:
        story_reply_end(
            story, has_action(actions, TURN_ACTION_CLEAR) ? "interrupted" : "taken back");
        return;
    case TURN_ACTION_CLOSE_REPLY:
    case TURN_ACTION_END_CALL:
        story_reply_end(story, NULL);
        return;
    case TURN_ACTION_COMMIT_SPEECH:
    case TURN_ACTION_DISCARD_SPEECH:
    case TURN_ACTION_ASK_END_OF_TURN:
    case TURN_ACTION_ASK_SILENCE:
    case TURN_ACTION_REOPEN_TURN:
    case TURN_ACTION_START_MODEL:
    case TURN_ACTION_SPEAK:
    case TURN_ACTION_END_TEXT:
    case TURN_ACTION_END_MODEL:
    case TURN_ACTION_FINISH_SEGMENT:
    case TURN_ACTION_RUN_TOOLS:
    case TURN_ACTION_FAIL_OPEN:
    case TURN_ACTION_DUCK:
    case TURN_ACTION_PAUSE:
    case TURN_ACTION_RESUME:
    case TURN_ACTION_CLEAR:
    case TURN_ACTION_FILL:
    case TURN_ACTION_HUSH:
        return;
    }
}

static void change_state(struct story *story, enum turn_state state)
{
    if (story->state == state)
        return;
    if (story->at_ms > story->state_from_ms)
        story_add(story, "states",
            json_pack("{s:s, s:I, s:I}", "state", turn_state_name(story->state), "from_ms",
                (json_int_t)story->state_from_ms, "to_ms", (json_int_t)story->at_ms));
    story->state = state;
    story->state_from_ms = story->at_ms;
}

void story_step(struct story *story)
{
    const struct turn_step *step = &story->steps.step;
    for (unsigned i = 0; i < step->actions.count; i++) {
        const struct turn_action *action = &step->actions.list[i];
        if (is_decision(action->kind))
            story_add(story, "decisions",
                json_pack("{s:I, s:s, s:s}", "at_ms", (json_int_t)story->at_ms, "what",
                    turn_action_name(action->kind), "why",
                    story->is_astray ? "" : why_action(story, action).text));
        follow(story, action);
    }
    change_state(story, step->state);
}
