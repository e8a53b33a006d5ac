/* What the two halves of a chat share: chat.c has its life and its lines, chat_turn.c the answer to one. Private to
   rehearsal. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "live/conversation.h"
#include "rehearsal/chat.h"
#include "rehearsal/chat_model.h"

struct chat {
    struct chat_options options;
    struct chat_desk *desk;
    struct agent *agent;
    struct script_call_facts facts;
    struct mailbox results;
    struct net_wake *wake;
    struct conversation conversation;
    struct chat_model *model;
    char *system_prompt;
    char *state_json;
    char phase[PHASE_SIZE];
    char refusal[512];
    struct strbuf aside; /* said by the script in this turn, not yet in the conversation */
    json_t *recorded;    /* answers, NULL: nobody wants them */
    unsigned turn;
    unsigned failures;
    uint64_t turn_began_ms;
    json_t *tool_calls; /* of the round under way */
    size_t tools_waiting;
    unsigned tools_asked;
    bool is_over;
    bool wants_end;
};

/* chat.c */
void chat_note(struct chat *chat, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* chat_turn.c: the loop is stopped when the answer is there, or known never to come. */
extern const struct chat_model_listener chat_answers; /* owner: the chat */
void chat_collect(void *chat);                        /* results of scripts */
bool chat_ask(struct chat *chat, const char *line);   /* false: no memory, and nothing follows */
