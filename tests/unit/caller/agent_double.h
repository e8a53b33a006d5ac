/* A server that plays the agent's part on real sockets, for the caller's own tests: answers the webhook,
   says a tone, waits for the caller's sound to end, says another tone, and so on. It runs on a thread of
   its own; what it saw is read after agent_stop. */
#pragma once

#include <stdbool.h>

#define AGENT_TOKEN "0123456789abcdef0123456789abcdef"

struct agent_plan {
    const char *rejects;     /* with that reason, instead of a stream; NULL: it does not */
    const char *again;       /* TwiML of the Redirect behind </Connect>; NULL: there is none */
    const char *whisper;     /* TwiML for whoever is dialled by that */
    unsigned hangs_up_after; /* closes the socket after so many of its tones; 0: never */
    bool breaks_protocol;    /* sends a field Twilio does not know, once */
    bool stalls;             /* leaves a hole of 100 ms in its first tone */
};

struct agent_seen {
    unsigned webhooks;
    unsigned refused; /* wrong signatures */
    unsigned streams;
    unsigned media;
    unsigned marks;
    unsigned keys;
    unsigned stops;
    unsigned stream_started;
    unsigned stream_stopped;
    unsigned completed;
    unsigned busy;
    unsigned no_answer;
    unsigned whispers;  /* asked for, */
    unsigned taken;     /* with a key, */
    unsigned bridged;   /* and what became of it */
    unsigned no_bridge;
    unsigned bad; /* messages our own decoder refused */
};

struct agent;
struct agent *agent_start(const struct agent_plan *plan);
int agent_port(const struct agent *agent);
struct agent_seen agent_stop(struct agent *agent);
