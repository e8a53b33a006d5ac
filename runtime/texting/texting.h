/* The tenants' agents by text message: the same prompts, tools and hooks as on the phone, in the same thread of the same
   person. Each conversation's waiting texts are one turn; Postgres says whose it is (store/texts.h), so that any node may
   answer, and a node that dies has answered nothing twice:

     webhook ─► row in messages ─► NOTIFY, or a look every few seconds ─► claim, with a lease
        ─► on_user_turn ─► prompt ─► model ⇄ tools ─► before_say ─► the answer's row in the outbox, in one transaction with
                                                                      the turn's end

   What cannot be answered is left to the staff, with a task. One loop, which never waits; Lua runs on the script thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"
#include "providers/llm.h"
#include "script/host.h"
#include "store/records.h"

/* A tool past its limit is waited for so much longer, since nobody is on a line. */
#define TEXTING_TOOLS_LATE_MS 10000

struct texting_options {
    const char *database_url;
    const char *node; /* this process's name among those on the same database */
    struct script_host *script;
    struct records *records;
    const struct llm_ops *llm_ops;
    unsigned settle_ms;     /* people write in several messages: so long after the last one */
    unsigned answers_a_day; /* to one number: two robots would go on for ever */
    /* 0 of the following: what is in brackets */
    unsigned turn_ms; /* [60000] for a turn; then the texts are left to the staff */
    unsigned
        lease_ms; /* [20000] of a claim, renewed while this process lives; then others may take it up */
    unsigned look_ms;        /* [5000] between looks that nobody asked for */
    uint64_t useless_ms;     /* [12 h] older texts are left to the staff */
    unsigned turns_max;      /* [16] at a time here */
    unsigned turns_a_tenant; /* [4] at a time, on all nodes */
};

struct texting;
must_use enum err texting_open(
    struct texting **out, struct net_loop *loop, const struct texting_options *options);
/* No turn is begun any more; those under way go on. */
void texting_drain(struct texting *texting);
unsigned texting_turns(const struct texting *texting); /* under way */
/* Turns under way are left to their leases. The script thread has ended, or never knew of this; NULL is fine. */
void texting_close(struct texting *texting);
