/* Which call a thread works for, so that all lines of one call can be had while the others stay quiet: those of its
   providers too, whose code knows no calls.

       a call's entrance ─ log_call_enter ─► [its code, its timers, its vendors' messages] ─ log_call_leave ─►

   Timers, sockets and requests (net) keep the call that armed or opened them and enter it around their callbacks.
   A rule names a number, a tenant or a CallSid, for a while; calls that are under way see it with their next entrance.
   Without rules an entrance costs two counts and a relaxed load; log_shows is one relaxed load and a thread's own word. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum log_flag {
    LOG_FLAG_LINES = 1, /* of calls only: every line at debug level */
    LOG_FLAG_AUDIO = 2, /* a summary of a call's sound, once a second */
    LOG_FLAG_WS = 4,    /* kind and size of each message of the carrier and of vendors */
    LOG_FLAG_STT = 8,   /* every partial and final */
};
#define LOG_FLAGS_CALL                                                                             \
    (LOG_FLAG_LINES | LOG_FLAG_AUDIO | LOG_FLAG_STT) /* of a rule, unless it says more */

extern atomic_uint log_flags;                 /* for all calls */
extern _Thread_local unsigned log_flags_here; /* for the call this thread works for */

static inline bool log_shows(enum log_flag flag)
{
    return ((atomic_load_explicit(&log_flags, memory_order_relaxed) | log_flags_here) & flag) != 0;
}

/* "audio,ws,stt"; "" or "off": none. ERR_BAD: one of them is no flag. */
must_use enum err log_flags_read(struct slice text, unsigned *flags);
void log_flags_use(unsigned flags); /* for all calls */

/* ---- calls ---- */

struct log_call_facts { /* borrowed; "" is nobody */
    const char *call_id;
    const char *call_sid;
    const char *tenant_id;
    const char *caller;
    const char *called;
};

struct log_call; /* counted, any thread; NULL everywhere is no call */
struct log_call *log_call_make(void);
void log_call_name(
    struct log_call *call, const struct log_call_facts *facts); /* once, when known */
struct log_call *log_call_hold(struct log_call *call);
void log_call_release(struct log_call *call);
/* Gives what the thread worked for before, which log_call_leave wants. */
struct log_call *log_call_enter(struct log_call *call);
void log_call_leave(struct log_call *before);
struct log_call *log_call_here(void); /* borrowed */
const char *log_call_id(void);        /* of it; "": no call, or not known yet */
/* `*kept` becomes the thread's call. */
void log_call_keep(struct log_call **kept);

/* ---- rules: at most LOG_RULES_MAX, each for LOG_MINUTES_MAX at most ---- */

#define LOG_RULES_MAX 16
#define LOG_MINUTES_USUAL 15
#define LOG_MINUTES_MAX 240

enum log_rule_kind { LOG_RULE_NUMBER, LOG_RULE_TENANT, LOG_RULE_CALL };

/* The same rule again is set anew. ERR_FULL: so many are on; ERR_BAD: the value is empty or too long, or the minutes are
   0 or too many. */
must_use enum err log_rule_add(
    enum log_rule_kind kind, struct slice value, unsigned minutes, unsigned flags);
void log_rules_clear(void);
/* What is left of `flags` at `now_ms`: all of them before `until_ms` (0: never), then none. */
unsigned log_flags_until(unsigned flags, uint64_t until_ms, uint64_t now_ms);
/* {"rules":[{"number":"…","seconds_left":840,"flags":["ws"]}],"flags":["audio"]} without the braces. */
void log_rules_json(struct strbuf *out);
