/* What the generator was asked to do; `bench_calls --help` prints it. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "generator/line.h"

#define OPTIONS_PIDS_MAX 64

struct options {
    struct sockaddr_in via;
    bool is_echo; /* no telephone: frames that should come back, one for one */
    bool is_tls;
    const char *ca_file;
    const char *host; /* for SNI and the certificate */
    const char *public_url;
    const char *auth_token; /* TWILIO_AUTH_TOKEN; empty: nothing is signed */
    const char *to;
    unsigned spread;       /* calls go to so many numbers, from `to` on */
    const char *json_file; /* NULL: none */
    unsigned calls;
    unsigned ramp_per_s;
    unsigned settle_ms;   /* from the last call's start to the window */
    unsigned window_ms;   /* what is measured */
    unsigned speech_ms;   /* a turn of the caller */
    unsigned rest_ms;     /* between the end of a reply and the next turn, ± a quarter */
    unsigned greeting_ms; /* how long to wait for the agent's greeting; 0: none is expected */
    unsigned barge_ms;    /* interrupt after so much of a reply; 0: never */
    unsigned barge_every; /* of a call's replies, each so manieth */
    unsigned length_from_ms, length_to_ms; /* of a call; 0: until the window ends */
    struct line_faults line;
    unsigned answer_ms; /* a turn without an answer for so long is lost */
    double expected_ms; /* configured waits and provider time inside a response; 0: unknown */
    unsigned seed;
    pid_t server; /* whose CPU and memory are read; 0: nobody's */
    pid_t helpers
        [OPTIONS_PIDS_MAX]; /* processes that are part of the run: stand-ins, Postgres, spinners */
    unsigned helper_count;
};

/* Ends the process when an option makes no sense. */
void options_read(struct options *options, int argc, char **argv);
