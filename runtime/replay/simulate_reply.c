/* The replies of a simulation: what follows from what, as late as it did. */
#include "replay/simulate_internal.h"

#define BEHIND_PIECE_MS 50 /* the model's end, after its last words */
#define UNHEARD_MS 1000    /* what an interrupted reply would have gone on for, at least */

/* ---- what follows from a cause ---- */

static void put_of_reply(
    struct simulation *simulation, struct cause_id from, uint32_t after_ms, struct turn_event event)
{
    bool is_sound_end = from.cause == CAUSE_PLAY && event.kind == TURN_EVENT_PLAYED;
    event.epoch = simulation->causes.epoch;
    if (is_sound_end) {
        simulation->play_end_ms = simulation->now_ms + after_ms;
        simulation->play_end = event;
        return;
    }
    struct due *due = simulation_put(simulation, simulation->now_ms + after_ms, event);
    due->when = from.cause == CAUSE_FILL ? DUE_WITH_FILLER : DUE_WITH_REPLY;
    due->epoch = event.epoch;
}

/* What the plan does not have takes as long as is usual, and not less than it was waited for. */
static void put_usual(struct simulation *simulation, struct cause_id from, uint32_t usual_ms,
    enum turn_event_kind kind)
{
    const struct plan_reply *reply =
        simulation->reply == NONE ? NULL : &simulation->plan->replies[simulation->reply];
    bool is_newest = reply && reply->is_cut && reply->causes[from.cause] == from.ordinal;
    uint32_t least_ms = is_newest ? reply->open_ms[from.cause] + 1 : 0;
    if (is_newest && reply->is_failed)
        return;
    if (is_newest && from.cause == CAUSE_PLAY)
        least_ms += UNHEARD_MS;
    put_of_reply(simulation, from, usual_ms > least_ms ? usual_ms : least_ms,
        (struct turn_event){.kind = kind, .sentences = 1});
}

static void put_model_usual(
    struct simulation *simulation, struct cause_id from, bool has_piece, uint32_t last_piece_ms)
{
    const struct plan_usual *usual = &simulation->plan->usual;
    if (!has_piece)
        put_usual(simulation, from, usual->piece_ms, TURN_EVENT_PIECE);
    uint32_t behind_ms = (has_piece ? last_piece_ms : usual->piece_ms) + BEHIND_PIECE_MS;
    put_usual(simulation, from, usual->done_ms > behind_ms ? usual->done_ms : behind_ms,
        TURN_EVENT_MODEL_DONE);
}

/* Events that end the wait which a cause begins. */
static bool ends_wait(enum cause cause, enum turn_event_kind kind)
{
    switch (cause) {
    case CAUSE_BEGIN:
        return kind == TURN_EVENT_PROMPT_READY || kind == TURN_EVENT_PROMPT_FAILED ||
               kind == TURN_EVENT_SCRIPT_ANSWERED;
    case CAUSE_MODEL:
        return kind == TURN_EVENT_MODEL_DONE || kind == TURN_EVENT_MODEL_FAILED;
    case CAUSE_TOOLS:
        return kind == TURN_EVENT_TOOLS_DONE;
    case CAUSE_VOICE:
        return kind == TURN_EVENT_AUDIO || kind == TURN_EVENT_TTS_FAILED ||
               kind == TURN_EVENT_PLAYED;
    case CAUSE_PLAY:
    case CAUSE_FILL:
        return kind == TURN_EVENT_PLAYED;
    case CAUSE_FINISH:
        return true; /* only where nothing was left to be said does anything follow */
    }
    return true;
}

static void follow_usual(
    struct simulation *simulation, struct cause_id from, bool has_piece, uint32_t last_piece_ms)
{
    const struct plan_usual *usual = &simulation->plan->usual;
    switch (from.cause) {
    case CAUSE_BEGIN:
        put_usual(simulation, from, usual->prompt_ms, TURN_EVENT_PROMPT_READY);
        break;
    case CAUSE_MODEL:
        put_model_usual(simulation, from, has_piece, last_piece_ms);
        break;
    case CAUSE_TOOLS:
        put_usual(simulation, from, usual->tools_ms, TURN_EVENT_TOOLS_DONE);
        break;
    case CAUSE_VOICE:
        put_usual(simulation, from, usual->voice_ms, TURN_EVENT_AUDIO);
        break;
    case CAUSE_PLAY:
        put_usual(simulation, from, usual->play_ms, TURN_EVENT_PLAYED);
        break;
    case CAUSE_FILL:
        put_usual(simulation, from, usual->fill_ms, TURN_EVENT_PLAYED);
        break;
    case CAUSE_FINISH:
        break;
    }
}

void simulation_follow(struct simulation *simulation, struct cause_id from)
{
    const struct simulation_plan *plan = simulation->plan;
    bool is_met = from.cause == CAUSE_FINISH, has_piece = false;
    uint32_t last_piece_ms = 0;
    if (from.cause == CAUSE_VOICE)
        simulation->owes_played = false;
    size_t count = simulation->reply == NONE ? 0 : plan->replies[simulation->reply].count;
    for (size_t i = 0; i < count; i++) {
        const struct plan_follower *follower =
            &plan->followers[plan->replies[simulation->reply].first + i];
        const struct turn_event *event = &follower->event.event;
        if (follower->from.cause != from.cause || follower->from.ordinal != from.ordinal)
            continue;
        put_of_reply(simulation, from, follower->event.after_ms, *event);
        is_met |= ends_wait(from.cause, event->kind);
        has_piece |= event->kind == TURN_EVENT_PIECE;
        if (event->kind == TURN_EVENT_PIECE)
            last_piece_ms = follower->event.after_ms;
    }
    if (!is_met)
        follow_usual(simulation, from, has_piece, last_piece_ms);
}

/* ---- which reply of the plan it is ---- */

static bool is_alike(const struct plan_reply *reply, enum turn_action_kind kind, size_t acts)
{
    if (causes_is_turn(kind))
        return causes_is_turn(reply->begun_by) && reply->acts == acts;
    return reply->begun_by == kind;
}

/* The how many'th alike, or the last of them. */
static size_t find_reply(const struct simulation *simulation, enum turn_action_kind kind)
{
    unsigned ordinal = causes_is_turn(kind) ? simulation->begun_turns : simulation->begun[kind];
    size_t found = NONE;
    for (size_t i = 0; i < simulation->plan->reply_count && ordinal; i++) {
        if (!is_alike(&simulation->plan->replies[i], kind, simulation->act))
            continue;
        found = i;
        ordinal--;
    }
    return found;
}

void simulation_begin_reply(struct simulation *simulation, enum turn_action_kind kind)
{
    if (causes_is_turn(kind))
        simulation->begun_turns++;
    else
        simulation->begun[kind]++;
    simulation->reply = find_reply(simulation, kind);
    simulation->play_end_ms = NEVER;
    simulation->owes_played = false;
}
