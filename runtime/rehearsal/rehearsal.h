/* A tenant's conversations (agent_test.lua), held in virtual time: the real turn engine, the version's real scripts in
   their VM, a model whose answers are written down, a caller whose words take as long as words take. No sockets, no
   database, no model: what a script asks of the outside is answered by the conversation's stubs. A hundred take about a
   second. See docs/testing-scripts.md.

   What it leaves out, next to a call by `live`: sound (voice activity, jitter, echo), words that are misheard, character
   times of synthesis (what was heard is cut by length), the credit that lets text wait before it is synthesised, broken
   lines that come back, records. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sources;

struct rehearsed {
    const char *name; /* of the conversation */
    bool is_ok;
    const char *why;        /* not ok: "agent_test.lua:12: expected …, got …" */
    const char *transcript; /* so far, a line each */
    uint64_t virtual_ms;    /* how long the call was */
    uint64_t took_us;
};

struct rehearsal_options {
    const char *scripts_path;
    const char *tenant_id;
    struct sources *sources;       /* of the version, with its test; NULL: the files on disk */
    const char *filter;            /* only conversations whose names contain it; NULL: all */
    unsigned cpu_ms;               /* for all of them together; 0: 5000 */
    unsigned clock_ms;             /* 0: 20000 */
    const atomic_bool *is_stopped; /* set: it is given up; NULL: never */
    void (*on_conversation)(void *owner, const struct rehearsed *conversation); /* may be NULL */
    void *owner;
};

struct rehearsal_sum {
    bool has_tests; /* there is an agent_test.lua */
    unsigned count;
    unsigned failed;
    char first_failure[512]; /* "agent_test.lua:12: books a cleaning: expected …"; "": none */
};

/* Builds the version and holds its conversations. ERR_BAD with "file:line: message": the version or the test file could
   not be loaded, or took too long. Conversations that fail are in the sum. Nothing outside is touched, other threads'
   tables neither. */
must_use enum err rehearse(
    struct rehearsal_sum *sum, const struct rehearsal_options *options, char why[512]);
