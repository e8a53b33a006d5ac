#include "observe/log_kinds.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_MAX 1024 /* a power of two; names come from our code, so there are some 300 */
#define SUBSYSTEMS_MAX 128
#define SUBSYSTEM_NAME_SIZE 24

struct subsystem {
    char name[SUBSYSTEM_NAME_SIZE];
    atomic_int least;
    bool is_set; /* by its own name: the level of everything does not change it */
};

/* Those of the code, so that a name can be refused before it was logged (the test log_subsystems keeps them complete). */
static const char *const known[] = {"admission", "audio", "before_say", "budget", "budgets",
    "business", "call", "call_back", "call_end", "calls", "capture", "carrier", "command",
    "database", "drain", "end", "end_of_turn", "errand", "hooks", "http", "journal", "key",
    "knowledge", "llm", "log", "migrate", "net", "on_user_turn", "opening", "outbound", "outbox",
    "phrases", "prompt", "provider", "providers", "publications", "publishing", "record",
    "recording", "records", "reentry", "retention", "say", "script", "serve", "shelf", "signature",
    "sound", "span", "stream", "stt", "text", "texts", "tool", "trace", "transfer", "tts", "turn",
    "voicemail", "watch", "wishes", "ws"};
#define KNOWN_COUNT (sizeof known / sizeof *known)

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};
#define LEVEL_COUNT (sizeof level_names / sizeof *level_names)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, but for the atomics */
static struct subsystem subsystems[SUBSYSTEMS_MAX];
static size_t subsystem_count;
static int everything = 1; /* info */
static _Atomic(struct log_kind *) kinds[KINDS_MAX];
static size_t kind_count;
static atomic_int other_least = 1;
static struct log_kind other = {
    .least = &other_least, .name = "other"}; /* when there are too many */

/* ---- subsystems, under the lock ---- */

static struct subsystem *find_subsystem(struct slice name)
{
    for (size_t i = 0; i < subsystem_count; i++)
        if (slice_is(name, subsystems[i].name))
            return &subsystems[i];
    return NULL;
}

static struct subsystem *add_subsystem(struct slice name)
{
    if (subsystem_count == SUBSYSTEMS_MAX || name.len >= SUBSYSTEM_NAME_SIZE)
        return NULL;
    struct subsystem *subsystem = &subsystems[subsystem_count++];
    slice_copy(name, subsystem->name, sizeof subsystem->name);
    atomic_store(&subsystem->least, everything);
    return subsystem;
}

static void know_all(void)
{
    bool is_first = subsystem_count == 0;
    for (size_t i = 0; is_first && i < KNOWN_COUNT; i++)
        add_subsystem(slice_from(known[i]));
}

/* ---- kinds ---- */

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    while (*text)
        hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

/* The kind, or the free place for it. */
static _Atomic(struct log_kind *) *place_of(const char *event)
{
    for (uint32_t at = hash_of(event);; at++) {
        _Atomic(struct log_kind *) *place = &kinds[at % KINDS_MAX];
        struct log_kind *kind = atomic_load_explicit(place, memory_order_acquire);
        if (!kind || strncmp(kind->name, event, sizeof kind->name - 1) == 0)
            return place;
    }
}

static struct log_kind *make_kind(const char *event)
{
    struct slice name = {event, strcspn(event, ".")};
    struct subsystem *subsystem = find_subsystem(name);
    if (!subsystem)
        subsystem = add_subsystem(name);
    struct log_kind *kind = kind_count < KINDS_MAX / 2 ? calloc(1, sizeof *kind) : NULL;
    if (!kind)
        return &other;
    kind_count++;
    kind->least = subsystem ? &subsystem->least : &other_least;
    snprintf(kind->name, sizeof kind->name, "%s", event);
    return kind;
}

struct log_kind *log_kind_of(const char *event)
{
    struct log_kind *kind = atomic_load_explicit(place_of(event), memory_order_acquire);
    if (kind)
        return kind;
    pthread_mutex_lock(&lock);
    know_all();
    _Atomic(struct log_kind *) *place = place_of(event);
    kind = atomic_load_explicit(place, memory_order_acquire);
    if (!kind) {
        kind = make_kind(event);
        if (kind != &other)
            atomic_store_explicit(place, kind, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return kind;
}

/* ---- how much ---- */

bool log_bucket_take(struct log_bucket *bucket, uint64_t now_us, unsigned rate)
{
    if (!rate)
        return true;
    uint64_t due_us = atomic_load_explicit(&bucket->due_us, memory_order_relaxed);
    uint64_t next_us;
    do {
        if (due_us > now_us + LOG_BURST_S * 1000000ull) {
            atomic_fetch_add_explicit(&bucket->limited, 1, memory_order_relaxed);
            return false;
        }
        next_us = (due_us > now_us ? due_us : now_us) + 1000000u / rate;
    } while (!atomic_compare_exchange_weak(&bucket->due_us, &due_us, next_us));
    return true;
}

static void report(
    struct log_kind *kind, void (*told)(const char *event, enum log_class of, unsigned long long))
{
    for (int class = 0; class < LOG_CLASS_COUNT; class ++) {
        struct log_bucket *bucket = &kind->buckets[class];
        if (atomic_load_explicit(&bucket->limited, memory_order_relaxed))
            told(kind->name, (enum log_class) class, atomic_exchange(&bucket->limited, 0));
    }
}

void log_kinds_report(void (*told)(const char *event, enum log_class of, unsigned long long lines))
{
    for (size_t i = 0; i < KINDS_MAX; i++) {
        struct log_kind *kind = atomic_load_explicit(&kinds[i], memory_order_acquire);
        if (kind)
            report(kind, told);
    }
    report(&other, told);
}

/* ---- levels ---- */

const char *log_level_name(int level)
{
    return level_names[level];
}

/* −1: none of them. */
static int level_of(struct slice name)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        if (slice_is(name, level_names[i]))
            return (int)i;
    return -1;
}

/* Under the lock. */
static void set_everything(int level)
{
    everything = level;
    atomic_store(&other_least, level);
    for (size_t i = 0; i < subsystem_count; i++) {
        atomic_store(&subsystems[i].least, level);
        subsystems[i].is_set = false;
    }
}

void log_levels_all(int least)
{
    pthread_mutex_lock(&lock);
    know_all();
    set_everything(least);
    pthread_mutex_unlock(&lock);
}

/* One part of a spec; with `is_trial` only whether it can be. Under the lock. */
static enum err take_part(struct slice part, bool is_trial, char why[LOG_WHY_SIZE])
{
    bool is_named = memchr(part.data, '=', part.len) != NULL;
    struct slice value = part;
    struct slice name = is_named ? slice_trim(slice_split(&value, '=')) : (struct slice){"", 0};
    value = slice_trim(value);
    int level = is_named && !value.len ? everything : level_of(value);
    struct subsystem *subsystem = is_named ? find_subsystem(name) : NULL;
    if (level < 0) {
        snprintf(why, LOG_WHY_SIZE, "\"%.*s\" is no level: debug, info, warn, error or off",
            (int)(value.len < 40 ? value.len : 40), value.data);
        return ERR_BAD;
    }
    if (is_named && !subsystem) {
        snprintf(why, LOG_WHY_SIZE,
            "nothing that is logged begins with \"%.*s.\": moonline log lists what does",
            (int)(name.len < 40 ? name.len : 40), name.data);
        return ERR_BAD;
    }
    if (!is_trial && !is_named)
        set_everything(level);
    if (!is_trial && is_named) {
        subsystem->is_set = value.len > 0;
        atomic_store(&subsystem->least, level);
    }
    return ERR_OK;
}

static enum err take_parts(struct slice spec, bool is_trial, char why[LOG_WHY_SIZE])
{
    enum err err = ERR_OK;
    while (spec.len && err == ERR_OK) {
        struct slice part = slice_trim(slice_split(&spec, ','));
        if (part.len)
            err = take_part(part, is_trial, why);
    }
    return err;
}

enum err log_levels_set(struct slice spec, char why[LOG_WHY_SIZE])
{
    pthread_mutex_lock(&lock);
    know_all();
    enum err err = take_parts(spec, true, why);
    if (err == ERR_OK)
        err = take_parts(spec, false, why);
    pthread_mutex_unlock(&lock);
    return err;
}

enum err log_levels_check(struct slice spec, char why[LOG_WHY_SIZE])
{
    pthread_mutex_lock(&lock);
    know_all();
    enum err err = take_parts(spec, true, why);
    pthread_mutex_unlock(&lock);
    return err;
}

void log_levels_json(struct strbuf *out)
{
    pthread_mutex_lock(&lock);
    know_all();
    strbuf_printf(out, "\"default\":\"%s\",\"levels\":{", level_names[everything]);
    const char *between = "";
    for (size_t i = 0; i < subsystem_count; i++) {
        if (!subsystems[i].is_set)
            continue;
        strbuf_printf(out, "%s\"%s\":\"%s\"", between, subsystems[i].name,
            level_names[atomic_load(&subsystems[i].least)]);
        between = ",";
    }
    strbuf_add_text(out, "},\"subsystems\":[");
    for (size_t i = 0; i < subsystem_count; i++)
        strbuf_printf(out, "%s\"%s\"", i ? "," : "", subsystems[i].name);
    strbuf_add_char(out, ']');
    pthread_mutex_unlock(&lock);
}
