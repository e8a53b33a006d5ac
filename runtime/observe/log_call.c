#include "observe/log_call.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define VALUE_SIZE 72

struct log_call {
    atomic_uint holders;
    char call_id[40];
    char call_sid[VALUE_SIZE];
    char tenant_id[VALUE_SIZE];
    char caller[VALUE_SIZE];
    char called[VALUE_SIZE];
    _Atomic unsigned seen;     /* the rules' generation that the two below are of */
    _Atomic uint64_t until_ms; /* 0: no rule names it */
    _Atomic unsigned flags;
};

struct rule {
    enum log_rule_kind kind;
    char value[VALUE_SIZE];
    unsigned flags;
    uint64_t until_ms; /* 0: a free place */
};

static const struct {
    const char *name;
    enum log_flag flag;
} flag_names[] = {{"audio", LOG_FLAG_AUDIO}, {"ws", LOG_FLAG_WS}, {"stt", LOG_FLAG_STT}};
#define FLAG_COUNT (sizeof flag_names / sizeof *flag_names)

atomic_uint log_flags;
_Thread_local unsigned log_flags_here;
static _Thread_local struct log_call *here;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the rules */
static struct rule rules[LOG_RULES_MAX];
static atomic_uint generation = 1; /* changes with the rules */

/* ---- flags ---- */

static unsigned flag_of(struct slice name)
{
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (slice_is(name, flag_names[i].name))
            return flag_names[i].flag;
    return 0;
}

enum err log_flags_read(struct slice text, unsigned *out)
{
    unsigned flags = 0;
    if (slice_is(slice_trim(text), "off"))
        text.len = 0;
    while (text.len) {
        struct slice name = slice_trim(slice_split(&text, ','));
        if (name.len && !flag_of(name))
            return ERR_BAD;
        flags |= flag_of(name);
    }
    *out = flags;
    return ERR_OK;
}

void log_flags_use(unsigned flags)
{
    atomic_store(&log_flags, flags);
}

static void add_flags(struct strbuf *out, unsigned flags)
{
    const char *between = "";
    strbuf_add_text(out, "\"flags\":[");
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (!(flags & flag_names[i].flag))
            continue;
        strbuf_printf(out, "%s\"%s\"", between, flag_names[i].name);
        between = ",";
    }
    strbuf_add_char(out, ']');
}

/* ---- calls ---- */

struct log_call *log_call_make(void)
{
    struct log_call *call = calloc(1, sizeof *call);
    if (call)
        atomic_store(&call->holders, 1);
    return call;
}

struct log_call *log_call_hold(struct log_call *call)
{
    if (call)
        atomic_fetch_add_explicit(&call->holders, 1, memory_order_relaxed);
    return call;
}

void log_call_release(struct log_call *call)
{
    if (call && atomic_fetch_sub_explicit(&call->holders, 1, memory_order_acq_rel) == 1)
        free(call);
}

static bool is_about(const struct rule *rule, const struct log_call *call)
{
    switch (rule->kind) {
    case LOG_RULE_NUMBER:
        return strcmp(rule->value, call->caller) == 0 || strcmp(rule->value, call->called) == 0;
    case LOG_RULE_TENANT:
        return strcmp(rule->value, call->tenant_id) == 0;
    case LOG_RULE_CALL:
        return strcmp(rule->value, call->call_sid) == 0;
    }
    return false;
}

/* What the rules say of a call; of several the longest. */
static void look_up(struct log_call *call, unsigned now_seen)
{
    uint64_t until_ms = 0;
    unsigned flags = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < LOG_RULES_MAX; i++) {
        if (!rules[i].until_ms || !is_about(&rules[i], call))
            continue;
        flags |= rules[i].flags;
        until_ms = rules[i].until_ms > until_ms ? rules[i].until_ms : until_ms;
    }
    pthread_mutex_unlock(&lock);
    atomic_store_explicit(&call->until_ms, until_ms, memory_order_relaxed);
    atomic_store_explicit(&call->flags, flags, memory_order_relaxed);
    atomic_store_explicit(&call->seen, now_seen, memory_order_relaxed);
}

unsigned log_flags_until(unsigned flags, uint64_t until_ms, uint64_t now_ms)
{
    return now_ms < until_ms ? flags : 0;
}

static unsigned flags_of(struct log_call *call)
{
    if (!call)
        return 0;
    unsigned now_seen = atomic_load_explicit(&generation, memory_order_acquire);
    if (atomic_load_explicit(&call->seen, memory_order_relaxed) != now_seen)
        look_up(call, now_seen);
    uint64_t until_ms = atomic_load_explicit(&call->until_ms, memory_order_relaxed);
    if (!until_ms) /* nearly always: no clock is read */
        return 0;
    unsigned flags = atomic_load_explicit(&call->flags, memory_order_relaxed);
    return log_flags_until(flags, until_ms, clock_ms());
}

void log_call_name(struct log_call *call, const struct log_call_facts *facts)
{
    if (!call)
        return;
    snprintf(call->call_id, sizeof call->call_id, "%s", facts->call_id);
    snprintf(call->call_sid, sizeof call->call_sid, "%s", facts->call_sid);
    snprintf(call->tenant_id, sizeof call->tenant_id, "%s", facts->tenant_id);
    snprintf(call->caller, sizeof call->caller, "%s", facts->caller);
    snprintf(call->called, sizeof call->called, "%s", facts->called);
    atomic_store_explicit(&call->seen, 0, memory_order_relaxed);
    if (here == call)
        log_flags_here = flags_of(call);
}

struct log_call *log_call_enter(struct log_call *call)
{
    struct log_call *before = here;
    here = log_call_hold(call);
    log_flags_here = flags_of(call);
    return before;
}

void log_call_leave(struct log_call *before)
{
    log_call_release(here);
    here = before;
    log_flags_here = flags_of(before);
}

struct log_call *log_call_here(void)
{
    return here;
}

const char *log_call_id(void)
{
    return here ? here->call_id : "";
}

void log_call_keep(struct log_call **kept)
{
    if (*kept == here)
        return;
    log_call_release(*kept);
    *kept = log_call_hold(here);
}

/* ---- rules ---- */

/* The same one, else a place that is free or whose time is over; NULL: neither. Under the lock. */
static struct rule *place_for(enum log_rule_kind kind, struct slice value, uint64_t now_ms)
{
    struct rule *free_place = NULL;
    for (size_t i = 0; i < LOG_RULES_MAX; i++) {
        struct rule *rule = &rules[i];
        if (rule->until_ms && rule->kind == kind && slice_is(value, rule->value))
            return rule;
        if (rule->until_ms <= now_ms && !free_place)
            free_place = rule;
    }
    return free_place;
}

enum err log_rule_add(enum log_rule_kind kind, struct slice value, unsigned minutes, unsigned flags)
{
    if (!value.len || value.len >= VALUE_SIZE || !minutes || minutes > LOG_MINUTES_MAX)
        return ERR_BAD;
    uint64_t now_ms = clock_ms();
    pthread_mutex_lock(&lock);
    struct rule *rule = place_for(kind, value, now_ms);
    if (rule) {
        *rule =
            (struct rule){.kind = kind, .flags = flags, .until_ms = now_ms + minutes * 60000ull};
        slice_copy(value, rule->value, sizeof rule->value);
        atomic_fetch_add(&generation, 1);
    }
    pthread_mutex_unlock(&lock);
    return rule ? ERR_OK : ERR_FULL;
}

void log_rules_clear(void)
{
    pthread_mutex_lock(&lock);
    memset(rules, 0, sizeof rules);
    atomic_fetch_add(&generation, 1);
    pthread_mutex_unlock(&lock);
}

static void add_rule(struct strbuf *out, const struct rule *rule, uint64_t now_ms)
{
    static const char *const names[] = {
        [LOG_RULE_NUMBER] = "number", [LOG_RULE_TENANT] = "tenant", [LOG_RULE_CALL] = "call"};
    strbuf_printf(out, "{\"%s\":", names[rule->kind]);
    strbuf_add_json(out, slice_from(rule->value));
    strbuf_printf(out, ",\"seconds_left\":%llu,",
        (unsigned long long)((rule->until_ms - now_ms + 999) / 1000));
    add_flags(out, rule->flags);
    strbuf_add_char(out, '}');
}

void log_rules_json(struct strbuf *out)
{
    uint64_t now_ms = clock_ms();
    const char *between = "";
    strbuf_add_text(out, "\"rules\":[");
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < LOG_RULES_MAX; i++) {
        if (rules[i].until_ms <= now_ms)
            continue;
        strbuf_add_text(out, between);
        add_rule(out, &rules[i], now_ms);
        between = ",";
    }
    pthread_mutex_unlock(&lock);
    strbuf_add_text(out, "],");
    add_flags(out, atomic_load(&log_flags));
}
