/* A script run: one call of a prompt, tool or hook as a coroutine, from its job to its one answer.

     READY ──step──► RUNNING ──► WAITING ──script_wait_end──► READY
       ▲               │  └──► ENDED (done, out of time, out of memory, error)
       └── put aside ──┘

   A run put aside stays first in its program's queue, so two runs of one VM are never interleaved but at waits. */
#pragma once

#include <jansson.h>

#include "net/loop.h"
#include "script/call.h"
#include "script/wait.h"

#define RUN_SLICE_US 5000
#define RUN_PROMPT_US 50000
#define RUN_MIGRATE_US 50000
#define RUN_TOOL_US 500000

enum run_state { RUN_READY, RUN_RUNNING, RUN_WAITING, RUN_ENDED };

struct script_run {
    struct script_run *next, *prev;           /* in program->runs while READY */
    struct script_run *call_next, *call_prev; /* in call->runs */
    enum run_state state;
    struct script_call *call;
    struct version *version; /* counted */
    struct program *program; /* counted */
    struct script_job *job;
    enum script_job_kind kind; /* of the job, which goes when it is answered; or SCRIPT_MIGRATE */
    enum script_hook hook;     /* SCRIPT_HOOK: which */
    char tool_name[TOOL_NAME_SIZE]; /* "" but for a tool */
    json_t *values;                 /* what follows `call`, an array; counted; until run_begin */
    unsigned waits, acts;           /* how often it asked for something so far */
    size_t received_bytes;          /* in answers so far */
    lua_State *thread;              /* NULL: not begun */
    int thread_ref;
    int arguments; /* values for the next resume */
    uint64_t budget_us;
    uint64_t started_us;
    uint64_t started_ms;
    enum script_ending ending; /* once ENDED */
    bool is_answered;
    uint64_t wait_id; /* 0: waits for nothing */
    void (*cancel)(void *operation);
    void *operation;
    struct net_timer *timer;
    void (*on_ready)(struct script_run *run); /* to be put into the queue */
    void *owner;                              /* the host */
};

/* Of what the job asks for, on a version and its program, with these values (an array, borrowed, NULL: none) after `call`. The
   job is taken on success. */
must_use enum err run_create(struct script_run **out, struct script_call *call,
    struct version *version, struct program *program, json_t *values, struct script_job *job);
/* Instead, with the same job for later: migrate(values…) of that version, without `call`. */
void run_set_migrate(struct script_run *run);
const char *run_name(
    const struct script_run *run); /* the tool's, the hook's, "prompt", "migrate" */
/* When the program is made: the coroutine, of function(call, values…). ERR_NOT_FOUND: no such tool
   or hook in it. */
must_use enum err run_begin(struct script_run *run, char why[512]);
uint64_t run_new_wait_id(void); /* of this thread, never one twice */
/* A run that is not begun waits for something of the host's: `cancel` is for when it goes before run_release. */
void run_hold(struct script_run *run, void (*cancel)(void *operation), void *operation);
void run_release(struct script_run *run); /* READY again, and its on_ready is called */
/* One slice, after run_begin. VM_SLICED: still READY; VM_WAITING: WAITING; else ENDED. */
enum vm_outcome run_step(struct script_run *run);
enum script_ending run_ending(enum vm_outcome outcome);
/* After VM_DONE: the answer's text (heap; of a migrate NULL when the state stays as it is). ERR_BAD with `why` when what the script returned is no answer. */
must_use enum err run_take_answer(struct script_run *run, char **text, char why[512]);
/* What is wrong with the answer of a prompt's coroutine; NULL: nothing, and it is `*text`. */
const char *run_prompt_fault(lua_State *thread, struct slice *text);
/* Cancels what it waits for and frees everything. Not while RUNNING. The queue and the call's list are the host's. */
void run_destroy(struct script_run *run);
