/* A Lua state under limits: what tenant code may take of memory and time, and how host code works in it safely.

   Memory is counted always and limited only while tenant code runs, because an allocating Lua call outside a protected
   call would end the process at the limit. Host work therefore goes through vm_protect (from outside) or between
   vm_lift_limit and vm_restore_limit (inside a C function that a script called).

   Time is CPU time of the thread. A count hook looks at it every 1000 instructions: past the slice it puts the script
   aside, past the budget it does so for good (where Lua allows no yield: an error, armed again at every instruction), so
   that no `pcall` can hold it. Where the hook does not come by itself, a signal every slice calls it
   (script/watchdog.h); a slice is then one by the wall clock, which is what others wait by. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/err.h"

#define VM_LIMIT_BYTES (4u << 20)

struct vm {
    lua_State *lua; /* the main thread: host work only */
    size_t used_bytes;
    size_t limit_bytes;
    size_t counted_bytes;             /* of used_bytes, in the process's gauge */
    bool is_limited;                  /* tenant code runs */
    bool hit_limit;                   /* an allocation was refused since the last resume */
    bool is_sliced;                   /* the hook yielded, not the script */
    bool is_tripped;                  /* the budget is used up: the run is over */
    char stopped_at[72];              /* "file:line: " where that was */
    volatile sig_atomic_t is_knocked; /* the watchdog's signal came: the slice is over */
    uint64_t slice_end_us;
    uint64_t budget_end_us;
    void *owner; /* of whoever made it (script/program.c) */
    void *run;   /* what runs now (script/run.c), NULL: loading */
};

enum vm_outcome { VM_DONE, VM_WAITING, VM_SLICED, VM_OUT_OF_TIME, VM_OUT_OF_MEMORY, VM_ERROR };

must_use enum err vm_create(struct vm **out, size_t limit_bytes, void *owner);
void vm_destroy(struct vm *vm);
struct vm *vm_of(lua_State *lua); /* no allocation, no error */

/* fn(lua) in protected mode without the memory limit; `data` is its light userdata argument. ERR_BAD or ERR_NOMEM with
   the message in `why`. */
must_use enum err vm_protect(struct vm *vm, lua_CFunction fn, void *data, char why[512]);

/* Inside a C function called by a script. Raises when the VM is past its limit already, so that no sum of lifted limits
   goes far beyond it; nothing between the two may raise but for real lack of memory. */
bool vm_lift_limit(lua_State *lua);
void vm_restore_limit(lua_State *lua, bool was_limited);

/* Goes on with `thread` (its function and `arguments` values on its stack); VM_OUT_OF_MEMORY at once when what the host
   put into the VM does not fit. `*budget_us` is what the run has left and is
   lowered by what it took. Results or the error object are on the thread's stack. */
enum vm_outcome vm_resume(
    struct vm *vm, lua_State *thread, int arguments, uint64_t slice_us, uint64_t *budget_us);
/* The error object on top of `thread` as text, without running tenant code. */
void vm_error_text(lua_State *thread, char *out, size_t size);
/* Collects garbage when more than half of the limit is in use. */
void vm_tidy(struct vm *vm);
