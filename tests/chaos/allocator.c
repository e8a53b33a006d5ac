/* Linked into moonline-chaos only: malloc and its kin as our own code and jansson call them (by the linker's
   --wrap), each of which fails once for every way our code has of getting there, when the driver says so.
   Without MOONLINE_CHAOS nothing fails. What libuv, libwebsockets, curl, libpq and OpenSSL allocate for
   themselves is theirs and never fails here. */
#include <execinfo.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chaos/shared.h"

#define STACK_DEPTH 40

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

extern const char __executable_start[], etext[];

static struct chaos *chaos;
static _Thread_local bool is_inside; /* the unwinder may allocate */

static void *from_jansson(size_t size)
{
    return __wrap_malloc(size);
}

__attribute__((constructor)) static void map_shared(void)
{
    void *stack[4];
    backtrace(stack, 4); /* loads the unwinder now */
    const char *path = getenv("MOONLINE_CHAOS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof *chaos, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        return;
    chaos = memory;
    json_set_alloc_funcs(from_jansson, free);
}

/* The frames of our own program. */
static void find_frames(uint64_t frames[CHAOS_FRAMES])
{
    void *stack[STACK_DEPTH];
    int depth = backtrace(stack, STACK_DEPTH);
    size_t count = 0;
    memset(frames, 0, CHAOS_FRAMES * sizeof *frames);
    for (int i = 3; i < depth && count < CHAOS_FRAMES; i++) { /* behind us and the wrapper */
        const char *at = stack[i];
        if (at >= __executable_start && at < etext)
            frames[count++] = (uint64_t)(at - __executable_start);
    }
}

static uint64_t hash_of(const uint64_t frames[CHAOS_FRAMES])
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < CHAOS_FRAMES; i++)
        hash = (hash ^ frames[i]) * 1099511628211u;
    return hash ? hash : 1;
}

/* NULL: the table is full. */
static struct chaos_site *site_of(const uint64_t frames[CHAOS_FRAMES])
{
    uint64_t hash = hash_of(frames);
    for (size_t i = 0; i < CHAOS_SITES; i++) {
        struct chaos_site *site = &chaos->sites[(hash + i) % CHAOS_SITES];
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&site->hash, &found, hash)) {
            memcpy(site->frames, frames, sizeof site->frames);
            atomic_fetch_add(&chaos->site_count, 1);
            return site;
        }
        if (found == hash)
            return site;
    }
    return NULL;
}

static bool take_budget(void)
{
    int32_t left = atomic_load(&chaos->budget);
    while (left > 0) {
        if (atomic_compare_exchange_weak(&chaos->budget, &left, left - 1))
            return true;
    }
    return false;
}

/* Chosen by a number that is the same in every run with this seed and program. */
static bool is_chosen(const struct chaos_site *site)
{
    uint64_t mixed = (atomic_load(&site->hash) ^ atomic_load(&chaos->seed)) * 0x9e3779b97f4a7c15u;
    return (mixed >> 32) % atomic_load(&chaos->one_in) == 0;
}

static bool fails_at(struct chaos_site *site)
{
    atomic_fetch_add(&site->seen, 1);
    if (atomic_load(&site->order) || !is_chosen(site) || !take_budget())
        return false;
    uint32_t none = 0;
    if (atomic_compare_exchange_strong(&site->order, &none, atomic_load(&chaos->failed) + 1)) {
        atomic_fetch_add(&chaos->failed, 1);
        return true;
    }
    atomic_fetch_add(&chaos->budget, 1);
    return false;
}

static __attribute__((noinline)) bool must_fail(void)
{
    if (!chaos || is_inside || !atomic_load_explicit(&chaos->is_armed, memory_order_relaxed))
        return false;
    is_inside = true;
    uint64_t frames[CHAOS_FRAMES];
    find_frames(frames);
    struct chaos_site *site = site_of(frames);
    atomic_fetch_add(&chaos->allocations, 1);
    bool fails = site && fails_at(site);
    is_inside = false;
    return fails;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

/* Becoming smaller never fails, as with every allocator there is (Lua builds on it). */
void *__wrap_realloc(void *old, size_t size)
{
    bool grows = !old || size > malloc_usable_size(old);
    return grows && must_fail() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return must_fail() ? NULL : __real_strndup(text, size);
}
