/* A tenant's agent at the keyboard: the version's real prompt, tools and hooks on a script host, a real model, and whoever
   types. One thread: the loop runs while a line is answered and stands still while the next one is typed. The two-sentence
   rule and the tenant's hooks hold as on the phone, or all is as in texts; time and voices do not exist here. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "bindings/call_ops.h"
#include "bindings/stubs.h"
#include "net/loop.h"
#include "providers/llm.h"
#include "script/host.h"

struct chat_options {
    struct net_loop *loop;
    struct script_host *host; /* on that loop, and loaded */
    const char *tenant_id;
    const char *caller;
    const struct llm_ops *llm_ops;
    struct llm_settings llm;
    bool
        is_text; /* each line is a text message, answered as runtime/texting does: one text, no call around it */
    bool
        is_dry; /* tools and what scripts ask of the world are shown and not done, and whoever asked is told so */
    const char
        *record; /* a file for the model's answers, as agent_test.lua plays them back; NULL: none */
    FILE *out;
};

struct chat;
/* Scripts know their call before there is a chat: what the library asks belongs to this. */
struct chat_desk {
    struct chat *chat;
    bool is_dry;
};
extern const struct call_ops chat_call_ops; /* owner: a struct chat_desk, as of */
extern const struct stub_ops chat_stub_ops;

must_use enum err chat_open(
    struct chat **out, const struct chat_options *options, struct chat_desk *desk);
bool chat_greet(struct chat *chat); /* false: the call is over, or nobody took it */
/* Looks at the files, says what changed, and answers the line; "/help" says what else it may be. False: the call is over. */
bool chat_line(struct chat *chat, const char *line);
void chat_end(struct chat *chat);                /* on_call_end */
unsigned chat_failures(const struct chat *chat); /* lines that got no answer */
void chat_close(struct chat *chat);
