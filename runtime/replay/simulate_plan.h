/* A recorded call, taken apart for its simulation: what the caller did, what each reply was like, and how long everything took
   after what it followed from. Pure.

   acts      what the caller does of his own accord or as an answer: a voice with the words that were understood of it, a key,
             hanging up. Each is tied to what came before it: the end of the agent's reply that it answers, the sound that it
             interrupts, or the act before it.
   commits   what speech-to-text made of an utterance that was committed
   replies   each begun by a turn, a greeting, a nudge …; its events tied to their causes (replay/causes.h)
   answers   of a script about ends of turns and silences */
#pragma once

#include "replay/call_steps.h"
#include "replay/causes.h"

enum act_anchor {
    ANCHOR_BEFORE, /* the end of the act before: the caller goes on, whatever the agent does */
    ANCHOR_REPLY,  /* a reply was heard to its end */
    ANCHOR_SOUND,  /* of a reply: it is interrupted */
};

struct plan_event {
    uint32_t after_ms; /* since the act began, or since its cause */
    struct turn_event event;
};

struct plan_act {
    enum act_anchor anchor;
    uint32_t gap_ms;     /* after the anchor */
    uint32_t pause_ms;   /* after the act before */
    uint32_t length_ms;  /* until the voice's end was told */
    size_t first, count; /* of events */
    uint64_t at_ms;      /* as recorded */
};

struct plan_commit {
    size_t act;
    unsigned forced; /* 0: at the voice's end; else the how many'th within it */
    bool has_item;   /* speech-to-text took it */
    uint32_t item, item_after_ms;
    bool has_final;
    uint32_t final_after_ms;
    struct turn_words words;
    uint64_t at_ms;
};

struct plan_follower {
    struct cause_id from;
    struct plan_event event;
};

struct plan_reply {
    enum turn_action_kind begun_by;
    size_t acts;         /* of the caller, by then */
    size_t first, count; /* of followers */
    /* It was taken back or cut: what had not come by then may have come at any time later. */
    bool is_cut;
    bool is_failed;           /* it was given up: what had not come by then never did */
    unsigned causes[CAUSES];  /* how many of each, */
    uint32_t open_ms[CAUSES]; /* and how long ago the newest was */
};

struct plan_answer {
    enum turn_event_kind kind; /* END_OF_TURN, or SILENCE_ANSWERED */
    size_t acts;
    struct plan_event event;
};

/* What things take in this call, where a turn is new: medians. */
struct plan_usual {
    uint32_t prompt_ms, piece_ms, done_ms, tools_ms, voice_ms, play_ms, fill_ms, final_ms;
};

struct simulation_plan {
    struct turn_settings settings;
    struct plan_act *acts; /* the first is the call's beginning */
    struct plan_event *events;
    struct plan_commit *commits;
    struct plan_reply *replies;
    struct plan_follower *followers;
    struct plan_answer *answers;
    size_t act_count, event_count, commit_count, reply_count, follower_count, answer_count;
    struct plan_usual usual;
    uint64_t ends_ms; /* the last step */
};

/* ERR_NOMEM only: every list of steps is some call. */
must_use enum err simulation_plan_init(
    struct simulation_plan *plan, const struct call_steps *steps);
void simulation_plan_free(struct simulation_plan *plan);
