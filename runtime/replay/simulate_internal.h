/* What the parts of a simulation call of each other. Private to simulate*.c.

   plan ─► acts of the caller (simulate_caller.c) ──────┐
           followers of causes (simulate_reply.c) ──────┼─► queue, in time ─► turn_step ─► actions ─► causes ─► followers …
           deadlines ───────────────────────────────────┘ */
#pragma once

#include "replay/simulate.h"

#define NEVER UINT64_MAX
#define NONE SIZE_MAX

struct due {
    uint64_t at_ms;
    uint64_t number; /* what is due at the same time comes in the order in which it was put */
    enum { DUE_ALWAYS, DUE_WITH_REPLY, DUE_WITH_FILLER, DUE_UNLESS_COMMITTED } when;
    uint32_t epoch; /* of the reply */
    size_t commit;
    bool is_numbered; /* its item is one of this run */
    struct turn_event event;
};

struct simulation {
    const struct simulation_plan *plan;
    const struct simulation_change *change;
    struct call_steps *out;
    struct turn turn;
    uint64_t now_ms;
    struct due *queue;
    size_t due_count, due_capacity;
    uint64_t next_number;
    enum err err;
    /* the reply that is alive */
    struct causes causes;
    size_t reply;         /* of the plan; NONE: there was no such turn */
    uint64_t play_end_ms; /* of what is heard; NEVER: nothing is */
    struct turn_event play_end;
    bool
        owes_played; /* all that was handed on was heard, and the reply may turn out to be complete */
    unsigned begun[TURN_ACTION_END_CALL + 1]; /* replies of each kind */
    unsigned begun_turns;                     /* since the caller's newest act */
    /* the caller */
    size_t act; /* the newest */
    bool is_act_over;
    uint64_t before_ms, reply_ms, sound_ms; /* as in simulate_plan.c */
    unsigned forced;
    unsigned asked[2];       /* since the newest act: ends of turns, silences */
    bool *is_committed;      /* of the plan's commits */
    uint32_t item;           /* that is being spoken, by its recorded number */
    unsigned part;           /* commits of it so far */
    uint16_t base_words;     /* that belong to them */
    struct turn_words heard; /* of all its parts */
};

/* simulate.c */
struct due *simulation_put(struct simulation *simulation, uint64_t at_ms, struct turn_event event);

/* simulate_reply.c */
void simulation_follow(
    struct simulation *simulation, struct cause_id from); /* what the plan has for it */
void simulation_begin_reply(struct simulation *simulation, enum turn_action_kind kind);

/* simulate_caller.c */
/* When the caller's next act begins; NEVER: none, or what it follows from is still to come. */
uint64_t simulation_next_act_ms(const struct simulation *simulation);
void simulation_begin_act(struct simulation *simulation);
/* From recorded items to those of this run. False: these words are told already. */
bool simulation_number_item(struct simulation *simulation, struct turn_event *event);
void simulation_commit_speech(struct simulation *simulation, bool is_end);
void simulation_ask(struct simulation *simulation, enum turn_event_kind kind, uint32_t question);
