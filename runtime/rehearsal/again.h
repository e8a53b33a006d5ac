/* A call that was held once, held again with a tenant's scripts as they are now, in virtual time: the rehearsal of one
   conversation (rehearsal.h) whose caller speaks as written down, and whose model, tools and outside are answered by whoever
   remembers. Nothing acts in the world. What would fail a test is told, and what a call does then is done. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct again_question {
    unsigned turn;  /* of the caller, from 1; 0: the agent has the first word */
    unsigned round; /* of the model in it, from 1 */
    const char *prompt;
    const char *messages; /* of the request, as JSON; the prompt is the first */
    const char *tools;    /* likewise */
};

/* Texts are borrowed for the call; what is returned is the caller's. A turn may begin again under its number: the caller went
   on before anything was said, and what was told of it did not happen. */
struct again_ops {
    void (*on_turn)(void *owner, unsigned turn, const char *words);
    /* {"say","tools":[{"tool","args"}],"after_ms"}; NULL: the model fails */
    json_t *(*answer_model)(void *owner, const struct again_question *question);
    /* {"result"(text),"phase","state"(object)}, the latter two where it changed them; NULL: nobody knows */
    json_t *(*answer_tool)(void *owner, unsigned turn, const char *name, const char *arguments);
    /* It was not asked: today's scripts refuse the call, with this result. */
    void (*on_refused)(
        void *owner, unsigned turn, const char *name, const char *arguments, const char *result);
    /* What a script asks of the outside: an array of values; NULL: nobody knows, and it is told so */
    json_t *(*answer_outside)(void *owner, unsigned turn, const char *module, const char *function,
        const json_t *arguments);
    void (*on_said)(void *owner, unsigned turn, const char *words);
    void (*on_hook)(void *owner, unsigned turn, const char *name, const char *answer); /* JSON */
    /* After scripts ran: "" and NULL: there is none. */
    void (*on_state)(void *owner, unsigned turn, const char *phase, const char *state);
    void (*on_trouble)(void *owner, unsigned turn, const char *what);
    void (*on_end)(void *owner, unsigned turn, const char *how);
};

struct again_options {
    const char *scripts_path;
    const char *tenant_id;
    /* {"caller","called","now_ms"(when it came in),"incoming","latency","steps":[…]}: steps as in agent_test.lua, of say, press,
       interrupt, silence_ms, noise_ms and hangup, with after_ms and takes_ms */
    const json_t *call;
    const struct again_ops *ops;
    void *owner;
    unsigned cpu_ms;   /* 0: 5000 */
    unsigned clock_ms; /* 0: 20000 */
};

/* ERR_BAD with "file:line: message": the version could not be loaded; or why it went no further. */
must_use enum err rehearse_again(const struct again_options *options, char why[512]);
