/* Tasks of kind call_back that are for the agent, when their time has come: each attempt becomes one row of the outbox, whichever
   node sees it first. Business hours, quiet hours and who wants no calls are looked at in Postgres; where the host never
   calls (other countries, premium rates, what is no number) here. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "net/loop.h"

#define CALL_BACK_NUMBER_SIZE 24

/* Why nobody is called there from our number; NULL: may be. Pure. */
const char *call_back_refusal(const char *to, const char *from);

struct call_backs_ops {
    unsigned (*room)(void *owner); /* for so many more calls, of this process */
    void (*number_of)(const char *tenant_id, char out[CALL_BACK_NUMBER_SIZE]); /* ""; none yet */
};

struct call_backs_options {
    const char *database_url;
    bool can_call; /* an account with the carrier is set; else tasks wait */
    const struct call_backs_ops *ops;
    void *owner;
};

struct call_backs;
must_use enum err call_backs_open(
    struct call_backs **out, struct net_loop *loop, const struct call_backs_options *options);
void call_backs_look(struct call_backs *call_backs);  /* now */
void call_backs_close(struct call_backs *call_backs); /* NULL is fine */
