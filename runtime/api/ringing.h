/* One request of the voice webhook, and the answers it may get. Private to voice.c. */
#pragma once

#include "api/call_back.h"
#include "api/incoming.h"
#include "api/public.h"
#include "observe/metrics.h"

/* Most are answered at once; one that waits for the database or the tenant's script is in the voice's list. */
struct ringing {
    struct ringing *prev, *next;
    struct voice *voice;
    struct exchange *exchange;
    struct net_timer *timer;
    struct agent *agent; /* NULL: nobody has that number */
    uint64_t key;
    uint64_t began_us;
    unsigned attempt;
    unsigned ends_asked; /* about a planned end, not yet answered */
    bool has_elsewhere;  /* the proxy can ask another node */
    char call_sid[40];   /* "": missing, or longer than any */
    char from[64];
    char to[64];
    char transfer[64];                    /* why the caller is back from one; empty: it is not */
    char facts_json[INCOMING_FACTS_SIZE]; /* for call.incoming; empty: the carrier told none */
    struct call_back_link call_back; /* of a call that we made: from is who answered, to is us */
    bool is_outbound;
    struct incoming incoming; /* while the script is asked */
};

struct voice {
    struct public_settings settings;
    struct net_loop *loop;
    struct live_worker *worker;
    struct net_wake *wake;
    struct mailbox answers;  /* struct errand */
    struct mailbox unsent;   /* struct unsent_question */
    struct mailbox verdicts; /* struct script_result, of on_incoming */
    struct ringing *waiting;
    unsigned asked_count; /* of them, who wait for on_incoming */
    uint64_t next_key;
    uint64_t hang_up_ms; /* a drain's; 0: it does not drain */
};

struct overflow_caller ringing_caller(const struct ringing *ringing);
void ringing_observe(const struct ringing *ringing); /* it is answered */
/* Words, then the end. */
void ringing_refuse(
    const struct ringing *ringing, enum metric counter, const char *reason, const char *words);
/* Somebody is called, but no agent can take it now. */
void ringing_overflow(const struct ringing *ringing, enum metric counter, const char *reason);
/* Not for Twilio's ears: the proxy said that it will ask another node. */
void ringing_pass_on(const struct ringing *ringing);
void ringing_hang_up(const struct ringing *ringing); /* that call's end was planned */
void ringing_connect(const struct ringing *ringing); /* an agent takes it */
