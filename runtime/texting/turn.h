/* One turn of a conversation in texts, from its claim to its end. Private to texting.

     HOOK ─► PROMPT ─► MODEL ⇄ TOOLS ─► WORDING ─► ENDING
       └ the script answered ─────────────────────────┘ ▲
     whatever fails, and the deadline: the tenant's words for it, if any, and a task for the staff

   A step that a tenant has no hook for is passed over. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "live/conversation.h"
#include "routing/desk.h"
#include "routing/usage.h"
#include "script/history.h"
#include "store/texts.h"
#include "texting/texting.h"

enum text_step {
    TEXT_HOOK,    /* on_user_turn is asked */
    TEXT_PROMPT,  /* the prompt is */
    TEXT_MODEL,   /* the model is */
    TEXT_TOOLS,   /* what it asked for runs */
    TEXT_WORDING, /* before_say is asked */
    TEXT_ENDING,  /* Postgres is told */
};

struct text_turn {
    struct text_turn *prev, *next;
    struct texting *texting;
    uint64_t key; /* of script results */
    enum text_step step;
    json_t *claim;
    struct agent *agent; /* the version that answered last */
    struct script_call_facts facts;
    unsigned number; /* of the turn in its call */
    uint32_t asked;  /* numbers its questions to the script */
    uint64_t began_ms;
    struct net_timer *timer;
    uint64_t tools_by_ms; /* what is late is waited for until then; 0: nothing is */
    char *said;           /* the person's words */
    char *reworded;       /* what the model reads instead; NULL: those */
    bool is_begun;        /* on the script thread, by on_user_turn */
    struct conversation conversation;
    struct history history;
    char *system_prompt;
    char *state_json; /* NULL: none */
    char phase[PHASE_SIZE];
    struct call_labels labels;
    struct route route;
    struct usage usage;
    struct llm *llm;
    char provider[PROVIDER_NAME_SIZE]; /* that answers, and its model; "": nobody did */
    char model[ROUTE_MODEL_SIZE];
    size_t asked_tokens;   /* of the newest question, by estimate */
    struct strbuf written; /* of the answer to it */
    json_t *calls;         /* {"id","name","arguments","result","is_late"} of it */
    size_t tools_waiting;
    unsigned tools_asked; /* in all rounds */
    struct strbuf answer; /* what goes out; empty: nothing */
    const char *why;      /* it is left to the staff; NULL: it is not */
    struct query *query;  /* while ENDING */
};

struct texting {
    struct net_loop *loop;
    struct texting_options options;
    struct texts_rules rules;
    struct database *database;
    struct desk *desk;
    struct net_timer *timer; /* of the next look */
    struct net_timer *lease; /* of the next time that ours are renewed */
    struct net_wake *wake;
    struct mailbox results; /* struct script_result */
    struct text_turn *turns;
    unsigned turn_count;
    uint64_t next_key;
    struct query *claiming;
    bool wants_look; /* again, when the claim under way is answered */
    bool is_draining;
};

/* texting.c */
void texting_turn_ended(struct text_turn *turn); /* frees it, and looks for the next */

/* turn.c: takes the claim. ERR_NOT_FOUND: no agent of the tenant is live here. ERR_NOMEM. */
must_use enum err text_turn_begin(struct texting *texting, json_t *claim_take);
void text_turn_result(struct text_turn *turn, struct script_result *result); /* borrowed */
void text_turn_free(struct text_turn *turn);
/* There is an answer, to be put in order; the model's is `before_say`'s to look at first. */
void text_turn_answer(struct text_turn *turn, struct slice written, bool is_own);
void text_turn_fail(struct text_turn *turn, const char *why); /* a literal */

/* turn_script.c */
struct script_job *text_turn_job(struct text_turn *turn, enum script_job_kind kind); /* NULL */
bool text_turn_send(struct text_turn *turn, struct script_job *job); /* takes it, or NULL: false */
bool text_turn_ask_hook(struct text_turn *turn, enum script_hook hook, const char *words);
json_t *text_turn_value(
    const struct script_result *result); /* of a hook; NULL: none, or it failed */
void text_turn_take_state(struct text_turn *turn, struct script_result *result);
void text_turn_forget(struct text_turn *turn); /* the script thread does */

/* turn_model.c */
void text_turn_ask_model(struct text_turn *turn);
void text_turn_tool_result(struct text_turn *turn, const struct script_result *result);
void text_turn_tools_late(struct text_turn *turn); /* no longer waited for */

/* turn_end.c */
void text_turn_end(struct text_turn *turn);
void text_turn_put_tool(const struct text_turn *turn, const struct script_result *result);
