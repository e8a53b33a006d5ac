/* What the time of an answer was spent on: from the end of the caller's speech to the first sound of the reply. Pure; told at
   each change of what is waited for.

   One thing is waited for at a time, so the parts add up to the response time, to the millisecond, whatever is told and in
   whatever order. Whose time it is where several things go on at once:

     up to the commit    silence_wait, though providers may be at work under it (early thinking, the transcript): the caller
                         would have waited all the same, so that work cost nothing. But once the silence that was configured is
                         over, what the final transcript still took is hearing.
     after the commit    what the reply is told to wait for; a draft that is further on begins there.
     playout             audio is there, and does not play yet: a filler's last words, the pacer.
     own                 nothing that has a name was waited for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum turn_part {
    TURN_PART_SILENCE_WAIT, /* on purpose: the configured silence, a script's word that more is to come, a caller who speaks */
    TURN_PART_HEARING,
    TURN_PART_SCRIPT, /* the prompt, on_user_turn, before_say */
    TURN_PART_MODEL,
    TURN_PART_TOOLS,
    TURN_PART_SYNTHESIS,
    TURN_PART_PLAYOUT,
    TURN_PART_OWN,
    TURN_PART_COUNT
};

struct turn_parts {
    uint64_t
        from_ms; /* the end of the caller's speech; 0: it answers nobody, and nothing is counted */
    uint64_t at_ms; /* every millisecond up to here is somebody's */
    enum turn_part waits_for;
    bool is_committed;
    bool is_over;
    uint64_t ms[TURN_PART_COUNT];
};

/* What stood before the commit. */
struct turn_wait {
    uint64_t silence_ms; /* configured, patience included */
    uint64_t final_ms;   /* when the final transcript came; 0: it did not, or was none */
};

const char *turn_part_name(enum turn_part part); /* as in metrics and spans */
void turn_parts_begin(struct turn_parts *parts, uint64_t speech_ended_ms);
void turn_parts_wait_for(struct turn_parts *parts, enum turn_part part, uint64_t now_ms);
void turn_parts_commit(struct turn_parts *parts, const struct turn_wait *wait, uint64_t now_ms);
void turn_parts_end(
    struct turn_parts *parts, uint64_t now_ms);             /* what is told later changes nothing */
uint64_t turn_parts_sum_ms(const struct turn_parts *parts); /* once it ended: the response time */
