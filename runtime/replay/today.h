/* The same caller against today's scripts: a recorded talk (replay/recorded_call.h) held again in virtual time, with the
   answers of the model and of tools that were recorded. What comes of it has the form of a talk, and says in each turn

     "was"       the recorded turn it goes by
     "diverged"  [text…]: where what was recorded no longer fits, and what was done then

   The caller's words are the recorded ones, whatever the agent says. */
#pragma once

#include <jansson.h>

#include "rehearsal/again.h"

#define TODAY_NO_ANSWER "(no recorded answer)"

struct today_options {
    const char *scripts_path;
    const char *tenant_id;
    /* Instead of the recorded answers, as again_ops.answer_model; NULL: those. */
    json_t *(*ask_model)(void *owner, const struct again_question *question);
    void *owner;
    unsigned clock_ms; /* 0: 20000 */
};

/* ERR_BAD: today's scripts cannot be loaded, or the talk holds no words; `why` says so. */
must_use enum err today_hold(
    json_t **talk, const json_t *was, const struct today_options *options, char why[512]);
