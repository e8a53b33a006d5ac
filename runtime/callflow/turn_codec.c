#include "callflow/turn_codec.h"

#include "base/varint.h"

enum { BIT_FLAG = 1, BIT_BACKCHANNEL = 2, BIT_COMMAND = 4, BIT_HANGING = 8 };
enum { BIT_ASKS_SCRIPT = 1, BIT_SCRIPT_FIRST = 2, BIT_ASKS_ON_SILENCE = 4 };

/* ---- to bytes ---- */

static void add_rules(struct strbuf *out, const struct turn_rules *rules)
{
    varint_add(out, rules->silence_ms);
    varint_add(out, rules->stall_ms);
    varint_add(out, rules->patience_ms);
    varint_add(out, rules->min_utterance_ms);
    varint_add(out, rules->max_utterance_ms);
    varint_add(out, (rules->asks_script ? BIT_ASKS_SCRIPT : 0u) |
                        (rules->script_first ? BIT_SCRIPT_FIRST : 0u) |
                        (rules->asks_on_silence ? BIT_ASKS_ON_SILENCE : 0u));
}

static void add_event(struct strbuf *out, const struct turn_event *event)
{
    varint_add(out, event->kind);
    varint_add(out, event->epoch);
    varint_add(out, event->item);
    varint_add(out, event->lag_ms);
    varint_add(out, event->sentences);
    varint_add(out, (event->flag ? BIT_FLAG : 0u) |
                        (event->words.is_backchannel ? BIT_BACKCHANNEL : 0u) |
                        (event->words.is_command ? BIT_COMMAND : 0u) |
                        (event->words.is_hanging ? BIT_HANGING : 0u));
    varint_add(out, event->opinion);
    varint_add(out, event->words.count);
    if (event->kind == TURN_EVENT_RULES)
        add_rules(out, &event->rules);
}

static void add_deadline(struct strbuf *out, const struct turn_step *step)
{
    int64_t ms = step->deadline_ms;
    uint64_t zigzag = ms < 0 ? (uint64_t)-ms * 2 - 1 : (uint64_t)ms * 2;
    varint_add(out, step->has_deadline ? zigzag + 1 : 0);
}

void turn_step_add(struct strbuf *out, const struct turn_step *step)
{
    add_event(out, &step->event);
    varint_add(out, step->state);
    varint_add(out, step->epoch);
    varint_add(out, step->actions.count);
    for (unsigned i = 0; i < step->actions.count; i++) {
        const struct turn_action *action = &step->actions.list[i];
        varint_add(out, action->kind);
        varint_add(out, action->epoch);
        varint_add(out, action->question);
        varint_add(out, action->reason);
    }
    add_deadline(out, step);
}

void turn_step_of(struct turn_step *step, const struct turn_event *event, const struct turn *after,
    const struct turn_actions *actions, uint64_t now_ms)
{
    uint64_t deadline = turn_deadline(after);
    *step = (struct turn_step){.event = *event,
        .state = after->state,
        .epoch = after->epoch,
        .actions = *actions,
        .has_deadline = deadline != 0,
        .deadline_ms = deadline ? (int64_t)(deadline - now_ms) : 0};
}

void turn_step_encode(struct strbuf *out, const struct turn_event *event, const struct turn *after,
    const struct turn_actions *actions, uint64_t now_ms)
{
    struct turn_step step;
    turn_step_of(&step, event, after, actions, now_ms);
    turn_step_add(out, &step);
}

/* ---- from bytes ---- */

/* The first thing that is wrong stays; what is read after it is 0. */
struct reader {
    struct slice rest;
    const struct turn_dictionary *dictionary;
    enum err err;
};

static uint64_t take(struct reader *reader)
{
    uint64_t number = 0;
    if (reader->err == ERR_OK && !varint_take(&reader->rest, &number))
        reader->err = ERR_BAD;
    return number;
}

static uint32_t take_u32(struct reader *reader)
{
    uint64_t number = take(reader);
    if (number > UINT32_MAX)
        reader->err = ERR_BAD;
    return (uint32_t)number;
}

static unsigned take_member(struct reader *reader, enum turn_list list)
{
    uint64_t theirs = take(reader);
    if (reader->err != ERR_OK)
        return 0;
    unsigned ours = theirs < TURN_LIST_MAX ? reader->dictionary->ours[list][theirs] : 0;
    if (!ours)
        reader->err = ERR_NOT_FOUND;
    return ours ? ours - 1 : 0;
}

static unsigned take_bits(struct reader *reader, unsigned known)
{
    uint64_t bits = take(reader);
    if (bits & ~(uint64_t)known)
        reader->err = ERR_BAD;
    return (unsigned)bits & known;
}

static struct turn_rules take_rules(struct reader *reader)
{
    struct turn_rules rules = {0};
    rules.silence_ms = take_u32(reader);
    rules.stall_ms = take_u32(reader);
    rules.patience_ms = take_u32(reader);
    rules.min_utterance_ms = take_u32(reader);
    rules.max_utterance_ms = take_u32(reader);
    unsigned bits = take_bits(reader, BIT_ASKS_SCRIPT | BIT_SCRIPT_FIRST | BIT_ASKS_ON_SILENCE);
    rules.asks_script = bits & BIT_ASKS_SCRIPT;
    rules.script_first = bits & BIT_SCRIPT_FIRST;
    rules.asks_on_silence = bits & BIT_ASKS_ON_SILENCE;
    return rules;
}

static struct turn_words take_words(struct reader *reader, unsigned bits)
{
    uint64_t count = take(reader);
    if (count > UINT16_MAX)
        reader->err = ERR_BAD;
    return (struct turn_words){.count = (uint16_t)count,
        .is_backchannel = bits & BIT_BACKCHANNEL,
        .is_command = bits & BIT_COMMAND,
        .is_hanging = bits & BIT_HANGING};
}

static struct turn_event take_event(struct reader *reader)
{
    struct turn_event event = {0};
    event.kind = (enum turn_event_kind)take_member(reader, TURN_LIST_EVENT);
    event.epoch = take_u32(reader);
    event.item = take_u32(reader);
    event.lag_ms = take_u32(reader);
    event.sentences = take_u32(reader);
    unsigned bits = take_bits(reader, BIT_FLAG | BIT_BACKCHANNEL | BIT_COMMAND | BIT_HANGING);
    event.flag = bits & BIT_FLAG;
    event.opinion = (enum turn_opinion)take_member(reader, TURN_LIST_OPINION);
    event.words = take_words(reader, bits);
    if (event.kind == TURN_EVENT_RULES && reader->err == ERR_OK)
        event.rules = take_rules(reader);
    return event;
}

static void take_actions(struct reader *reader, struct turn_actions *actions)
{
    uint64_t count = take(reader);
    if (count > TURN_ACTIONS_MAX)
        reader->err = ERR_BAD;
    actions->count = reader->err == ERR_OK ? (unsigned)count : 0;
    for (unsigned i = 0; i < actions->count; i++) {
        struct turn_action *action = &actions->list[i];
        action->kind = (enum turn_action_kind)take_member(reader, TURN_LIST_ACTION);
        action->epoch = take_u32(reader);
        action->question = take_u32(reader);
        action->reason = (enum turn_end_reason)take_member(reader, TURN_LIST_END_REASON);
    }
}

static void take_deadline(struct reader *reader, struct turn_step *step)
{
    uint64_t number = take(reader);
    step->has_deadline = number != 0;
    uint64_t zigzag = number ? number - 1 : 0;
    uint64_t half = zigzag / 2;
    step->deadline_ms = zigzag & 1 ? -(int64_t)half - 1 : (int64_t)half;
}

enum err turn_step_decode(
    struct turn_step *step, struct slice bytes, const struct turn_dictionary *dictionary)
{
    struct reader reader = {.rest = bytes, .dictionary = dictionary};
    *step = (struct turn_step){.event = take_event(&reader)};
    step->state = (enum turn_state)take_member(&reader, TURN_LIST_STATE);
    step->epoch = take_u32(&reader);
    take_actions(&reader, &step->actions);
    take_deadline(&reader, step);
    if (reader.err == ERR_OK && reader.rest.len)
        return ERR_BAD;
    return reader.err;
}

/* ---- held against each other ---- */

static bool are_same(const struct turn_actions *a, const struct turn_actions *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const struct turn_action *one = &a->list[i], *other = &b->list[i];
        if (one->kind != other->kind || one->epoch != other->epoch ||
            one->question != other->question || one->reason != other->reason)
            return false;
    }
    return true;
}

const char *turn_step_differs(const struct turn_step *a, const struct turn_step *b)
{
    if (a->state != b->state)
        return "state";
    if (a->epoch != b->epoch)
        return "epoch";
    if (!are_same(&a->actions, &b->actions))
        return "actions";
    if (a->has_deadline != b->has_deadline || a->deadline_ms != b->deadline_ms)
        return "deadline";
    return NULL;
}
