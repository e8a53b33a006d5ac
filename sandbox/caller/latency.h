/* How long the caller waited, as the caller measures it, and what the server says about its hops. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LATENCY_TURNS_MAX 256
#define LATENCY_HOPS 5

struct latency_turn {
    char text[60]; /* how the line began */
    uint64_t line_start_ms;
    uint64_t line_end_ms; /* end of the last voiced frame */
    uint64_t first_ms;    /* the first media of the answer came; 0: none did */
    uint64_t audible_ms;  /* the first of it that is louder than silence began to play; 0: none */
};

struct latency_hops { /* of one turn, from the server; below 0: not told */
    unsigned turn;
    double ms[LATENCY_HOPS];
};

struct latency {
    struct latency_turn turns[LATENCY_TURNS_MAX];
    size_t turn_count;
    struct latency_hops hops[LATENCY_TURNS_MAX];
    size_t hop_count;
};

void latency_line_start(struct latency *latency, uint64_t at_ms, const char *text);
void latency_line_end(struct latency *latency, uint64_t at_ms);
/* Only what comes after the end of the latest line answers it. */
void latency_first(struct latency *latency, uint64_t at_ms);
void latency_audible(struct latency *latency, uint64_t at_ms);
void latency_server(struct latency *latency, unsigned turn, const json_t *hops);
void latency_print(const struct latency *latency, FILE *file);
json_t *latency_json(
    const struct latency *latency); /* {"turns":[…],"server":[…]}; NULL: no memory */
