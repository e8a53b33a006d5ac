/* A captured call as simulations need it: its engine's steps, and its talk: what each turn was asked, said and did.

   talk    {"caller","called","tenant_id","version","direction","now_ms","incoming","end","turns":[turn…]}
   turn    {"turn","epoch","words",                                  (the caller's; the turn 0 is the agent's first word)
            "began_ms","ended_ms","gap_ms","over_ms",                (the voice; after the agent's last sound, or so long into it)
            "rounds":[{"messages","tools","say","calls":[{"tool","args"}]}],   (of the model: as asked, and its answer)
            "said":[text…],                                          (handed to synthesis)
            "tools":[{"name","arguments"(text),"result"(text),"phase","state"}],
            "hooks":[{"name","answer"}],"phase","state","keys"}
   What today's scripts come to has the same form (replay/today.h), so the two can be held against each other. */
#pragma once

#include <jansson.h>

#include "replay/call_steps.h"
#include "replay/head.h"

#define TALK_TURNS_MAX 500

struct recorded_call {
    struct call_steps steps;
    json_t *talk;
    char incomplete[REPLAY_WHY_SIZE]; /* what is missing of it, for people; "": nothing */
};

/* All that can be read. On failure `why` says what is wrong, and there is nothing to close. */
must_use enum err recorded_call_read(
    struct recorded_call *call, const struct replay_file *file, char why[REPLAY_WHY_SIZE]);
void recorded_call_close(struct recorded_call *call);

/* Of a talk: the turn of that number, made where it is missing; NULL: no memory, or too many. */
json_t *talk_turn(json_t *talk, unsigned turn);
