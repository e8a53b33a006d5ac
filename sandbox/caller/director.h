/* Goes through a scenario in time: told every 20 ms whether the agent is heard and whether the caller's
   own line is still being spoken, it says what the caller does next. Pure; time is an argument
   (milliseconds since the stream began).

      say, play    → SPEAK, until the line is spoken
      wait         → until the agent began to speak after the caller's last line and has been silent
                     for 900 ms; 20 s at most
      interrupt    → SPEAK once that reply has played for so long; 20 s at most
      pause        → time passes
      dtmf, tones  → one key every 250 ms
      correct      → nothing when the agent's last reply has the words; else SPEAK and wait, 3 times at most
      expect-hangup→ until the call is over; 20 s at most
      hangup, end  → HANG_UP */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caller/scenario.h"

#define DIRECTOR_SILENCE_MS 900 /* after it, the agent has had its say */
#define DIRECTOR_PATIENCE_MS 20000
#define DIRECTOR_KEY_GAP_MS 250
#define DIRECTOR_REPLY_GAP_MS 600 /* a silence this long separates two utterances of the agent */
#define DIRECTOR_OVERLAP_MS 1000  /* this much speech after the caller's line counts as an answer */
#define DIRECTOR_WHY_SIZE 200
#define DIRECTOR_REPLY_SIZE 1000
#define DIRECTOR_CORRECTIONS_MAX 3

enum director_act {
    DIRECTOR_NOTHING,
    DIRECTOR_SPEAK,   /* the audio of `step` */
    DIRECTOR_KEY,     /* `key` */
    DIRECTOR_HANG_UP, /* the scenario is done */
    DIRECTOR_FAIL,    /* `why` */
};

struct director_action {
    enum director_act act;
    size_t step;
    char key;
};

struct director {
    const struct scenario *scenario;
    size_t step;     /* being done */
    bool is_entered; /* its action has been given */
    uint64_t entered_ms;
    size_t keys_sent;     /* dtmf */
    bool has_spoken_up;   /* interrupt, correct */
    unsigned corrections; /* of this step */
    char reply
        [DIRECTOR_REPLY_SIZE]; /* the agent's last, letters and digits only; empty: not known */
    uint64_t reference_ms;     /* end of the caller's last line, or of the last wait */
    bool is_over;              /* HANG_UP or FAIL was given */
    /* What is heard of the agent. */
    bool has_heard;
    uint64_t utterance_ms;   /* its latest utterance began */
    uint64_t audible_end_ms; /* its last audible frame ended */
    uint64_t audible_ms;     /* of speech since reference_ms */
    char why[DIRECTOR_WHY_SIZE];
};

void director_init(struct director *director, const struct scenario *scenario);
/* Once per frame; at most one action a call. `is_speaking`: the caller's line is not all sent. */
struct director_action director_tick(
    struct director *director, uint64_t now_ms, bool is_agent_audible, bool is_speaking);
/* What the agent said, as far as it was heard. */
void director_heard(struct director *director, struct slice text);
/* The agent's side ended the call: whether all the scenario wanted to say was said. Sets `why` when not. */
bool director_call_ended(struct director *director);
