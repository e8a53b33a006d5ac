/* agent_test.lua in a VM of its own, under the walls of any script: 50 ms of CPU time to load, 4 MiB, nothing of the
   outside. What it returns is read as conversations; stubs stay in the VM and are asked there. Private to rehearsal. */
#pragma once

#include <jansson.h>

#include "script/program.h"

#define TEST_FILE SOURCE_TESTS
#define CONVERSATIONS_MAX 1000

struct test_file {
    struct program *program;
    int list_ref;
    int resolver_ref;
    size_t count;
};

struct plan;

/* `why` is "agent_test.lua:12: message". */
must_use enum err test_file_open(struct test_file *file, struct sources *sources,
    const struct script_library *library, char why[512]);
void test_file_close(struct test_file *file);
/* What the plan's stubs answer: an array of values, and the milliseconds it takes (unchanged: not said). ERR_NOT_FOUND:
   nothing does. ERR_BAD: the stub failed, with `why`. */
must_use enum err test_file_answer(json_t **values, uint32_t *after_ms, struct test_file *file,
    const struct plan *plan, const char *module, const char *function, const json_t *arguments,
    char why[512]);
