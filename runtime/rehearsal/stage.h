/* One conversation on its virtual clock, and the functions its parts call across files. Private to rehearsal.

   caller ──┐                         ┌──► voice (the agent's words, as long as they take)
   model ───┼──► funnel ─► turn engine ─► actions ──► backstage (prompt, tools, hooks in the VM)
   backstage┘                         └──► what happened ─► expectations */
#pragma once

#include <stdatomic.h>

#include <jansson.h>

#include "base/mailbox.h"
#include "base/strbuf.h"
#include "bindings/stubs.h"
#include "callflow/keypad.h"
#include "callflow/turn.h"
#include "live/conversation.h"
#include "live/typed.h"
#include "live/utterances.h"
#include "rehearsal/again.h"
#include "rehearsal/plan.h"
#include "rehearsal/rehearsal.h"
#include "script/queue.h"
#include "text/pieces.h"
#include "text/room.h"

#define EVENTS_MAX 16
#define HAPPENINGS_MAX 1024
#define TOOL_CALLS_A_TURN 8
#define TOOL_CALLS_TOLD_A_TURN 16 /* so many more are refused by a result */
#define WORDS_MAX_BYTES 16384
#define TRANSCRIPT_MAX_BYTES 65536
#define CALLER_WORDS_MAX 400
#define STAGE_START_MS 1000 /* the engine takes 0 for "never" */

struct stage;

/* Something that is to happen at a moment of virtual time. */
struct happening {
    struct happening *next;
    uint64_t at_ms;
    void (*happen)(struct stage *stage, struct happening *it);
    uint32_t number;
    void *thing; /* what it is about: stage_forget takes it back by that */
    json_t *value;
};

/* The agent's words, one piece after the other. */
struct playing_piece {
    struct playing_piece *prev, *next;
    char *text;
    uint64_t ready_ms; /* its audio is there */
    uint32_t length_ms;
    bool is_reply;     /* else a filler */
    bool is_protected; /* must be heard to its end */
    bool is_told;      /* the engine knows of its audio */
};

struct playing {
    struct playing_piece *pieces; /* the first is heard, or will be next */
    bool is_playing;
    bool is_paused;
    bool owes_played; /* what was asked for came to its end while more might have come */
    bool is_protected;
    uint64_t since_ms; /* the first piece plays since then, */
    uint32_t left_ms;  /* with so much of it left then */
    uint32_t pieces_asked;
};

struct caller {
    char *words[CALLER_WORDS_MAX];
    uint64_t spoken_ms[CALLER_WORDS_MAX]; /* when each is over */
    unsigned count;
    unsigned committed; /* words that belong to finished items */
    uint32_t item;      /* that is being spoken */
    uint32_t used_item; /* items up to this one belong to turns */
    bool is_speaking;
    struct utterances utterances;
    struct typed typed;
    bool is_partial_new; /* on_partial will be told */
    uint64_t partial_told_ms;
};

/* One answer after the other is taken from what the step wrote down, or from the recording. */
struct script_model {
    json_t *answers; /* of this step */
    size_t next;
    json_t *recorded; /* of the conversation; NULL: none */
    size_t next_recorded;
    size_t reply_next,
        reply_next_recorded; /* where the reply under way began: a draft may be taken back */
    unsigned asked;          /* rounds in this step */
    unsigned step;           /* whose answers they are */
    json_t *answer;          /* being given; NULL: none */
    const char *text;        /* of it, still to come */
    unsigned number;         /* of the call's answers */
};

struct stage_reply {
    uint32_t epoch;
    bool is_draft;
    struct pieces pieces;
    struct room room;
    struct strbuf backlog; /* pieces that may not be spoken yet, a line each */
    struct strbuf text;    /* handed to the voice, joined by blanks */
    size_t told_bytes;     /* of it, in the conversation already */
    size_t heard_bytes;
    bool is_protected;
    bool may_speak;
    bool has_text;
    bool is_text_over;
    bool is_round_complete;
    bool is_own;      /* this round's words are the script's own: before_say has no part in them */
    bool is_wordless; /* the engine was told that nothing is left to be said */
    bool is_turn_asked; /* on_user_turn was asked, and did not answer yet */
    char *model_text;   /* what the model reads in place of the caller's words; NULL: those */
    json_t *tool_calls;
    unsigned rounds; /* of the model, where who remembers is asked for them */
    unsigned tools_asked;
    unsigned tools_refused;
    size_t tools_waiting;
    char *failure_text;
    bool is_failure_own; /* it is on_tool_error's */
    char *heard_words;   /* as in live/call.h */
    char *caller_text;
    bool
        is_unwritten; /* which call.history has not: neither on_user_turn nor the prompt sees it there */
};

/* What happened since the caller's last action: what expectations look at. */
struct happened {
    uint64_t since_ms; /* the end of that action */
    struct strbuf words;
    json_t *tools; /* {"name","args","result","ms"} */
    json_t *messages;
    char transfer[64];
    json_t *voicemail; /* what is said before the tone; NULL: no message is taken */
    bool has_hangup;
};

struct stage_latency { /* virtual, settable by a conversation: latency = { … } */
    uint32_t transcript_ms;
    uint32_t model_ms; /* to the first word */
    uint32_t voice_ms; /* of synthesis, to the first sound */
    uint32_t stub_ms;  /* of what the outside answers */
};

struct stage {
    struct session *session;
    const struct plan *plan;
    unsigned step; /* under way, from 0 */
    struct stage_latency latency;
    uint64_t now_ms;
    uint64_t wall_ms; /* at STAGE_START_MS */
    struct happening *happenings;
    unsigned happening_count;
    struct happening nothing; /* stands in for one that there was no room for */
    struct turn turn;
    struct turn_event events[EVENTS_MAX];
    unsigned event_count;
    bool is_stepping;
    struct script_call call;
    struct run_queue queue;
    struct mailbox results;
    char phase[PHASE_SIZE];
    char *system_prompt;
    unsigned turn_number;
    struct conversation conversation;
    struct caller caller;
    struct script_model model;
    struct stage_reply reply;
    struct playing playing;
    struct strbuf aside; /* what a hook said and nothing carries yet */
    bool is_aside_protected;
    bool wants_hang_up;
    char *nudge_words;    /* on_silence's; NULL: the tenant's */
    char transfer_to[64]; /* once the reply was heard; "": nowhere */
    struct happened happened;
    char noted_outcome[OUTCOME_SIZE];
    bool is_transferred;
    json_t *verdict; /* on_incoming did not let the caller in; NULL: it did */
    bool is_opening; /* on_call_start is awaited */
    char *greeting;  /* that it gave; NULL: the agent's */
    bool is_mute;    /* it wants none */
    uint64_t caller_talk_ms, agent_talk_ms;
    unsigned barge_ins;
    unsigned fillers;
    struct strbuf transcript;
    char fault[1024]; /* the conversation failed; "": not */
};

/* All conversations of a tenant: what they share. */
struct session {
    struct version *version;
    struct test_file file;
    struct bindings *bindings;
    struct script_library library;
    struct stage *stage; /* under way; NULL: files are being loaded */
    uint64_t wall_ms;    /* when its call comes in; 0: that was no time */
    uint64_t cpu_end_us, clock_end_ms;
    const atomic_bool *is_stopped;
    const struct again_ops *again; /* who remembers the call; NULL: it is a test */
    void *again_owner;
};
must_use enum err session_open(
    struct session *session, const struct rehearsal_options *options, char why[512]);
void session_close(struct session *session);
bool session_is_over(const struct session *session); /* its time is used up */

/* stage.c */
must_use enum err stage_open(struct stage *stage, struct session *session, const struct plan *plan);
void stage_close(struct stage *stage);
/* The next thing that happens, at `until_ms` at the latest. False: nothing did, and it is `until_ms` now. */
bool stage_step(struct stage *stage, uint64_t until_ms);
bool stage_is_over(const struct stage *stage);    /* the call is */
bool stage_is_settled(const struct stage *stage); /* the agent listens, and nothing is under way */
void stage_event(struct stage *stage, struct turn_event event);
struct happening *stage_later(
    struct stage *stage, uint64_t in_ms, void (*happen)(struct stage *, struct happening *));
void stage_forget(struct stage *stage, const void *thing);
void stage_forget_all(struct stage *stage);
void stage_note(struct stage *stage, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The first fault counts. */
void stage_fail(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What fails a test. Of a call that is held again it is told, and goes on as calls do. */
void stage_blame(struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t stage_wall_ms(const struct stage *stage);

/* perform.c */
void stage_perform(struct stage *stage, const struct turn_action *action);
void stage_take_phase(struct stage *stage, const char *phase);
void stage_pump(struct stage *stage); /* a hook's own words wait for a silence */

/* lines.c */
void lines_open(struct stage *stage, uint32_t epoch);
void lines_close(struct stage *stage);
void lines_say(struct stage *stage, struct slice text);     /* the agent's fixed text */
void lines_say_own(struct stage *stage, struct slice text); /* the script's */
void lines_write(struct stage *stage, struct slice text);   /* the script's, in the model's place */
void lines_begin_round(struct stage *stage);                /* of the model */
void lines_add(struct stage *stage, struct slice text, bool is_end); /* of the model */
void lines_pump(struct stage *stage);
void lines_finish(struct stage *stage); /* the round's last words are known */
void lines_interject(struct stage *stage, struct slice text, bool is_protected);
void lines_play(struct stage *stage, struct slice text, uint32_t length_ms, bool is_protected);
void lines_note(struct stage *stage, struct slice text);    /* said by someone else: the carrier */
void lines_keep(struct stage *stage, bool was_interrupted); /* in the conversation */

/* model.c */
void model_open(struct stage *stage);
void model_close(struct stage *stage);
void model_load(struct stage *stage, const json_t *answers); /* of a step */
void model_start(struct stage *stage);
void model_stop(struct stage *stage);
void model_begin_reply(struct stage *stage);
void model_take_back(struct stage *stage); /* a draft was: its answers are given anew */
size_t model_left(const struct stage *stage);

/* playing.c */
void playing_say(struct stage *stage, struct slice text, bool is_reply, bool is_protected);
/* A sound that lasts so long, and what stands for it. */
void playing_play(struct stage *stage, struct slice text, uint32_t length_ms, bool is_protected);
void playing_finish(struct stage *stage); /* all of the round was asked for */
uint64_t playing_deadline(const struct stage *stage);
void playing_tick(struct stage *stage);
void playing_pause(struct stage *stage, bool is_paused);
void playing_clear(struct stage *stage); /* what was heard is cut at a word */
void playing_drop_fillers(struct stage *stage);
bool playing_is_heard(const struct stage *stage); /* a reply's words, now */

/* caller.c */
void caller_open(struct stage *stage);
void caller_close(struct stage *stage);
void caller_say(struct stage *stage, const char *text, uint32_t takes_ms);
void caller_make_noise(struct stage *stage, uint32_t length_ms);
void caller_press(struct stage *stage, char key);
void caller_type_key(struct stage *stage, char key);
void caller_type_words(struct stage *stage, const char *words);
void caller_commit(struct stage *stage);
void caller_forget(struct stage *stage);
char *caller_text(const struct stage *stage);
char *caller_take_turn(struct stage *stage);
char *caller_written(
    const struct stage *stage, const char *words); /* as people write; heap, NULL: no memory */
void caller_give_back(struct stage *stage, const char *text);

/* backstage.c */
void backstage_open(struct stage *stage);
void backstage_close(struct stage *stage);
bool backstage_ask_prompt(struct stage *stage);
/* on_user_turn; false: there is no such hook. */
bool backstage_ask_turn(struct stage *stage);
bool backstage_ask_tool(struct stage *stage, const json_t *tool);
/* What the hook answers, run within this call: for those that may not wait. NULL: nothing, or it failed (and that is a
   fault). `values_take`: what it is told beside its call. */
json_t *backstage_ask_now(struct stage *stage, enum script_hook hook, json_t *values_take);
/* For those that may wait: stage_hooks_result has the answer. False: there is no such hook. */
bool backstage_ask_hook(struct stage *stage, enum script_hook hook, json_t *values_take);
void backstage_drop_runs(struct stage *stage);
bool backstage_has_work(const struct stage *stage);
void backstage_go(struct stage *stage); /* runs what can run, and delivers what it came to */

/* tools.c, hooks.c, perform.c: what became of it */
void stage_tools_run(struct stage *stage);
void stage_tools_result(struct stage *stage, struct script_result *result);
void stage_tools_cancel(struct stage *stage);
void stage_hooks_ask_end_of_turn(struct stage *stage, uint32_t question);
void stage_hooks_result(struct stage *stage, const struct script_result *result);
void stage_hooks_ask_key(struct stage *stage, char key);
void stage_hooks_ask_silence(struct stage *stage, uint32_t question);
void stage_hooks_partial(struct stage *stage);
void stage_hooks_turn_result(
    struct stage *stage, const struct script_result *result, const json_t *value);
bool stage_hooks_is_turn_asked(const struct stage *stage);
char *stage_hooks_word(struct stage *stage, struct slice piece); /* before_say; NULL: as it is */
void stage_ask_prompt(struct stage *stage);
void stage_write_caller(struct stage *stage); /* into call.history */
void stage_transfer(struct stage *stage, const char *number);
void stage_prompt_result(struct stage *stage, struct script_result *result);

/* ends.c: how a call begins, and what is asked when it is over */
void ends_begin(struct stage *stage);
void ends_incoming_result(struct stage *stage, const json_t *value);
void ends_start_result(struct stage *stage, const json_t *value);
void ends_finish(struct stage *stage, enum turn_end_reason reason);
const char *ends_outcome(const struct stage *stage); /* so far; NULL: none was said */

/* outside.c: call_ops and stubs */
extern const struct call_ops outside_call_ops; /* owner: the session */
extern const struct stub_ops outside_stub_ops;
uint64_t outside_wall_ms(void *owner);
/* As test_file_answer, or of whoever remembers the call. */
must_use enum err outside_answer(json_t **values, uint32_t *after_ms, struct stage *stage,
    const char *module, const char *function, const json_t *arguments, char why[512]);

/* again.c: whoever remembers is told, where there is one, */
void again_on_turn(struct stage *stage);
void again_on_said(struct stage *stage, const char *words);
void again_on_hook(struct stage *stage, const char *name, const char *answer);
void again_on_state(struct stage *stage);
void again_on_end(struct stage *stage, const char *how);
/* or asked: there is one */
json_t *again_answer_model(struct stage *stage);
json_t *again_answer_outside(
    struct stage *stage, const char *module, const char *function, const json_t *arguments);
void again_answer_tool(struct stage *stage, json_t *tool);

/* expect.c */
struct verdict {
    bool holds;
    bool is_decided; /* nothing that follows can change it */
    char expected[256];
    char got[512];
};
bool expect_has(const json_t *step); /* there is something to hold in it */
bool expect_knows(const char *name);
/* What the value of that expectation must be; NULL: it is, or there is none of that name. */
const char *expect_wanted(const char *name, const json_t *value);
/* What the step expects; `is_last`: nothing more will happen. */
void expect_look(struct stage *stage, const json_t *step, bool is_last, struct verdict *verdict);

/* play.c */
void play(struct stage *stage); /* the steps, to the end or the first fault */
