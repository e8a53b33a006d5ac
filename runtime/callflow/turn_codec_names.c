/* What stands in a step, by name; and steps as people read them. */
#include <inttypes.h>
#include <string.h>

#include "callflow/turn_codec.h"

/* ---- lists ---- */

static const char *opinion_name(unsigned number)
{
    static const char *const names[] = {"unasked", "asked", "default", "end", "more"};
    return names[number];
}

const char *turn_list_name(enum turn_list list)
{
    static const char *const names[] = {
        "turn_event", "turn_action", "turn_state", "turn_opinion", "turn_end_reason"};
    return names[list];
}

unsigned turn_list_count(enum turn_list list)
{
    static const unsigned counts[] = {TURN_EVENT_TIME + 1, TURN_ACTION_END_CALL + 1,
        TURN_ENDING + 1, OPINION_MORE + 1, TURN_END_FAILURE + 1};
    return counts[list];
}

const char *turn_list_member(enum turn_list list, unsigned number)
{
    switch (list) {
    case TURN_LIST_EVENT:
        return turn_event_name((enum turn_event_kind)number);
    case TURN_LIST_ACTION:
        return turn_action_name((enum turn_action_kind)number);
    case TURN_LIST_STATE:
        return turn_state_name((enum turn_state)number);
    case TURN_LIST_OPINION:
        return opinion_name(number);
    case TURN_LIST_END_REASON:
        return turn_end_reason_name((enum turn_end_reason)number);
    }
    return "";
}

void turn_dictionary_clear(struct turn_dictionary *dictionary, enum turn_list list)
{
    memset(dictionary->ours[list], 0, sizeof dictionary->ours[list]);
}

void turn_dictionary_init(struct turn_dictionary *dictionary)
{
    for (unsigned list = 0; list < TURN_LISTS; list++) {
        turn_dictionary_clear(dictionary, (enum turn_list)list);
        for (unsigned i = 0; i < turn_list_count((enum turn_list)list); i++)
            dictionary->ours[list][i] = (uint8_t)(i + 1);
    }
}

enum err turn_dictionary_set(
    struct turn_dictionary *dictionary, enum turn_list list, unsigned theirs, struct slice name)
{
    if (theirs >= TURN_LIST_MAX)
        return ERR_FULL;
    for (unsigned i = 0; i < turn_list_count(list); i++)
        if (slice_is(name, turn_list_member(list, i))) {
            dictionary->ours[list][theirs] = (uint8_t)(i + 1);
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

/* ---- for people ---- */

static void describe_number(struct strbuf *out, const char *name, uint32_t number)
{
    if (number)
        strbuf_printf(out, " %s=%u", name, number);
}

static void describe_flag(struct strbuf *out, const char *name, bool is_set)
{
    if (is_set)
        strbuf_printf(out, " %s", name);
}

void turn_event_describe(struct strbuf *out, const struct turn_event *event)
{
    strbuf_add_text(out, turn_event_name(event->kind));
    describe_number(out, "epoch", event->epoch);
    describe_number(out, "item", event->item);
    describe_number(out, "lag_ms", event->lag_ms);
    describe_number(out, "sentences", event->sentences);
    describe_flag(out, "flag", event->flag);
    if (event->opinion != OPINION_UNASKED)
        strbuf_printf(out, " opinion=%s", opinion_name(event->opinion));
    describe_number(out, "words", event->words.count);
    describe_flag(out, "backchannel", event->words.is_backchannel);
    describe_flag(out, "command", event->words.is_command);
    describe_flag(out, "hanging", event->words.is_hanging);
    if (event->kind == TURN_EVENT_RULES)
        strbuf_printf(out,
            " silence_ms=%u stall_ms=%u patience_ms=%u min_utterance_ms=%u "
            "max_utterance_ms=%u",
            event->rules.silence_ms, event->rules.stall_ms, event->rules.patience_ms,
            event->rules.min_utterance_ms, event->rules.max_utterance_ms);
}

void turn_step_describe(struct strbuf *out, const struct turn_step *step)
{
    strbuf_printf(out, "%s epoch=%u", turn_state_name(step->state), step->epoch);
    for (unsigned i = 0; i < step->actions.count; i++) {
        const struct turn_action *action = &step->actions.list[i];
        strbuf_printf(out, "%s %s", i ? "," : ":", turn_action_name(action->kind));
        if (action->epoch != step->epoch)
            strbuf_printf(out, " epoch=%u", action->epoch);
        describe_number(out, "question", action->question);
        if (action->kind == TURN_ACTION_END_CALL)
            strbuf_printf(out, " reason=%s", turn_end_reason_name(action->reason));
    }
    if (step->has_deadline)
        strbuf_printf(out, "; next in %" PRId64 " ms", step->deadline_ms);
    else
        strbuf_add_text(out, "; nothing is waited for");
}
