/* What the parts of a chat share. Private to rehearsal.

   a line ─► chat.c ─┬─► chat_hooks.c: keys, silence, how a call begins and ends
                     └─► chat_turn.c: on_user_turn, prompt, rounds of the model ─► chat_tools.c
   where lines are texts, chat_text.c has what is another there.
   all of them ask the scripts through chat_script.c and say what comes of it through chat_words.c. Whoever waits runs the
   loop, so that a turn reads from top to bottom. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "live/conversation.h"
#include "rehearsal/chat.h"
#include "rehearsal/chat_model.h"
#include "script/history.h"

struct chat {
    struct chat_options options;
    struct chat_desk *desk;
    struct agent *agent;
    struct script_call_facts facts;
    uint64_t began_ms;
    struct mailbox results;
    struct net_wake *wake;
    uint32_t asked; /* numbers the questions to scripts */
    struct script_result
        *result; /* of the newest of them, which is waited for; NULL: not there yet */
    struct conversation conversation;
    struct history history; /* what scripts were not told of yet */
    struct history all;     /* for who asks to see it */
    struct chat_model *model;
    struct chat_answer answer; /* of the model */
    bool has_answer;
    bool has_failed; /* it will give none */
    char *system_prompt;
    char *state_json;
    char phase[PHASE_SIZE];
    struct call_labels labels;
    char refusal[512];
    bool is_line_open;    /* pieces follow each other on it */
    json_t *pieces;       /* of the model, before_say has not seen them */
    struct strbuf round;  /* said of the model's answer */
    struct strbuf unsaid; /* of it, past the limit of sentences */
    unsigned sentences;   /* said of it */
    struct strbuf untold; /* said, not in the conversation yet */
    struct strbuf reply;  /* said in this turn */
    struct strbuf held;   /* said by on_call_start: after the greeting */
    json_t *recorded;     /* answers, NULL: nobody wants them */
    unsigned turn;
    unsigned failures;
    unsigned nudges;
    json_t *tool_calls; /* of the round under way */
    size_t tools_waiting;
    unsigned tools_asked;
    unsigned tools_refused;
    struct net_timer *tools_timer; /* of texts: how long tools past their limit are waited for */
    bool is_opening;               /* on_call_start is asked */
    bool is_refused;               /* on_incoming did not let the caller in */
    bool is_over;
    bool wants_end;
    bool is_transferred;
    bool is_voicemail;
};

/* chat.c */
void chat_note(struct chat *chat, const char *format, ...) __attribute__((format(printf, 2, 3)));
void chat_rest(
    struct chat *chat); /* what was said is known to all, and a call that was to end is over */

/* chat_script.c: call.history, and what scripts are asked */
void chat_history_add(struct chat *chat, const char *role, struct slice text, unsigned turn);
void chat_history_drop_caller(struct chat *chat);
struct script_job *chat_job(struct chat *chat, enum script_job_kind kind); /* NULL: no memory */
bool chat_send(struct chat *chat, struct script_job *job); /* takes it, or NULL: false */
/* Waits for the result, which is the caller's; NULL: the job could not be sent. */
struct script_result *chat_run(struct chat *chat, struct script_job *job);
void chat_collect(void *chat); /* results of scripts */
bool chat_has_hook(const struct chat *chat, enum script_hook hook);
/* What it answers; NULL: there is no such hook, or it failed (and that was told). `words`: the caller's, of a turn. */
json_t *chat_ask_hook(
    struct chat *chat, enum script_hook hook, const char *words, json_t *values_take);
void chat_take_agent(struct chat *chat, const struct script_result *result);

/* chat_words.c */
void chat_say(struct chat *chat, struct slice text);     /* the agent's fixed text */
void chat_say_own(struct chat *chat, struct slice text); /* the script's */
void chat_words_begin(struct chat *chat); /* a round of the model, whose pieces follow */
void chat_words_piece(void *chat, struct slice piece, unsigned sentences, bool has_room);
void chat_words_end(struct chat *chat);

/* chat_turn.c */
extern const struct chat_model_listener chat_answers; /* owner: the chat */
void chat_turn(struct chat *chat, const char *words); /* "": the agent has the first word */

void chat_fail_turn(struct chat *chat, const char *why);

/* chat_text.c */
void chat_text_begin(struct chat *chat);
void chat_text_wait(struct chat *chat); /* a tool is past its limit: a while longer */
void chat_text_waited(void *chat);      /* long enough */
char *chat_text_prompt(const struct chat *chat, const char *system_prompt);  /* heap */
void chat_text_answer(struct chat *chat, struct slice written, bool is_own); /* goes out */
void chat_text_leave(struct chat *chat, const char *why);                    /* none goes out */
void chat_text_act(struct chat *chat, const json_t *table); /* of on_user_turn: its words */

/* chat_tools.c: runs what a round asked for. False: the tenant had words for what failed, and the model is not asked. */
bool chat_tools_run(struct chat *chat, const json_t *calls);
void chat_tools_result(struct chat *chat, const struct script_result *result);

/* chat_hooks.c */
bool chat_begin(struct chat *chat); /* false: the caller was not let in */
void chat_press(struct chat *chat, const char *keys);
void chat_silence(struct chat *chat);

/* chat_outside.c: chat_call_ops and chat_stub_ops */
