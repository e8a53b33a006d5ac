/* What answers in place of the outside world when a version is rehearsed: every function of a module that `manner` names
   becomes one that asks here, whatever module it is (bindings.c puts it in as the modules are installed). Arguments and
   answers are JSON values; what is none arrives as null. */
#pragma once

#include <jansson.h>

#include "base/err.h"

enum stub_manner {
    STUB_NOT,     /* the module is itself */
    STUB_AT_ONCE, /* answered within the call */
    STUB_WAITS,   /* the run waits for the answer, where such a function may wait */
};

struct stub_wait;

struct stub_ops {
    enum stub_manner (*manner)(void *owner, const char *module, const char *function);
    /* The values it returns, as an array; NULL: none. */
    json_t *(*answer)(
        void *owner, const char *module, const char *function, const json_t *arguments);
    /* stub_answer will be called with `wait`, not before this returns, or `forget` is. `arguments` is borrowed. */
    must_use enum err (*ask)(void *owner, struct stub_wait *wait, const char *module,
        const char *function, json_t *arguments);
    void (*forget)(void *owner, struct stub_wait *wait); /* its run is gone */
};

/* What touches nothing outside is itself, a line of the log is answered at once, all else waits. */
enum stub_manner stub_manner_usual(const char *module, const char *function);
/* The values the function returns, as an array (borrowed); a top-level null is nil. The wait is no more. */
void stub_answer(struct stub_wait *wait, const json_t *values);
