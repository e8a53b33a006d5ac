/* The engine's events, actions and settings as bytes and names, for captures and their replay. Pure.

   A step is everything that turn_step was given and what it said: two engines agree on a call when their steps are equal, byte
   for byte. Numbers are varints; fields stand in the order of the structs in turn.h; kinds are numbers of this build, which
   the dictionary of a capture translates.

     step     event · state afterwards · epoch · how many actions · action… · deadline after (0: none; else zigzag of how far
              ahead it lies, and 1)
     event    kind · epoch · item · lag_ms · sentences · bits (1 flag, 2 backchannel, 4 command, 8 hanging) · opinion · words ·
              rules, for RULES only
     rules    silence_ms · stall_ms · patience_ms · min_utterance_ms · max_utterance_ms · bits (1 asks_script, 2 script_first,
              4 asks_on_silence)
     action   kind · epoch · question · reason

   Names, of settings too, are those of the code: a capture says them in its head, and whoever reads it goes by them. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "callflow/turn.h"

/* Appends the step. */
void turn_step_encode(struct strbuf *out, const struct turn_event *event, const struct turn *after,
    const struct turn_actions *actions, uint64_t now_ms);

/* ---- names ---- */

enum turn_list { /* the enums that stand in a step */
    TURN_LIST_EVENT,
    TURN_LIST_ACTION,
    TURN_LIST_STATE,
    TURN_LIST_OPINION,
    TURN_LIST_END_REASON,
};
#define TURN_LISTS (TURN_LIST_END_REASON + 1)
#define TURN_LIST_MAX 64 /* members of one, now and in files of other versions */

const char *turn_list_name(enum turn_list list); /* "turn_event", "turn_action", "turn_state", … */
unsigned turn_list_count(enum turn_list list);
const char *turn_list_member(enum turn_list list, unsigned number); /* its name */

/* From the numbers of a file to ours. */
struct turn_dictionary {
    uint8_t ours[TURN_LISTS][TURN_LIST_MAX]; /* and 1; 0: this build has no such thing */
};
void turn_dictionary_init(struct turn_dictionary *dictionary); /* the file is of this build */
void turn_dictionary_clear(struct turn_dictionary *dictionary, enum turn_list list);
/* Number `theirs` of the file has this name. ERR_NOT_FOUND: nothing here has; ERR_FULL: the number is out of all bounds. */
must_use enum err turn_dictionary_set(
    struct turn_dictionary *dictionary, enum turn_list list, unsigned theirs, struct slice name);

/* ---- a step, read ---- */

struct turn_step {
    struct turn_event event;
    enum turn_state state; /* afterwards */
    uint32_t epoch;
    struct turn_actions actions;
    bool has_deadline;
    int64_t deadline_ms; /* from the step on */
};

/* Reads one whole step, in our numbers. ERR_BAD: it is none; ERR_NOT_FOUND: something in it is unknown to this build. */
must_use enum err turn_step_decode(
    struct turn_step *step, struct slice bytes, const struct turn_dictionary *dictionary);
/* What the engine said now, to be held against it. */
void turn_step_of(struct turn_step *step, const struct turn_event *event, const struct turn *after,
    const struct turn_actions *actions, uint64_t now_ms);
/* In our numbers: what turn_step_encode writes. */
void turn_step_add(struct strbuf *out, const struct turn_step *step);
/* What differs first, for people: "state", "epoch", "actions", "deadline"; NULL: nothing. The event is not looked at. */
const char *turn_step_differs(const struct turn_step *a, const struct turn_step *b);
/* "final item=3 words=4 hanging", "commit_turn epoch=2". */
void turn_event_describe(struct strbuf *out, const struct turn_event *event);
void turn_step_describe(struct strbuf *out, const struct turn_step *step); /* what it led to */

/* ---- settings by name ---- */

unsigned turn_settings_count(void);
const char *turn_setting_name(unsigned number);
bool turn_setting_is_flag(unsigned number);
uint32_t turn_setting_get(const struct turn_settings *settings, unsigned number);
/* ERR_NOT_FOUND: no setting has this name; ERR_BAD: a flag is 0 or 1. */
must_use enum err turn_setting_set(
    struct turn_settings *settings, struct slice name, uint32_t value);
