/* The files of one script version, read once and kept: its hash is taken over them, errors quote them, and a VM that
   ran out of memory is rebuilt from them, whatever the disk says by then.

   Names are what scripts and messages use: "agent.lua" lies in the tenant's folder, "tools/x.lua" and "prompts/x.lua"
   in the shared ones. Nothing else can be reached, by symbolic link either. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "script/agent.h"

#define SOURCES_MAX 64
#define SOURCE_MAX_BYTES (256u << 10)
#define SOUND_FILE_MAX_BYTES AGENT_SOUNDS_MAX_BYTES /* of a .wav */
#define SOURCE_NAME_SIZE 128
#define SOURCE_TESTS "agent_test.lua" /* part of a version although nothing requires it */

/* What the file system said of a file when it was read. */
struct source_mark {
    uint64_t device, inode, size_bytes;
    int64_t changed_s, changed_ns;
    bool is_certain; /* it had not been written just before: a later write makes another mark */
};

struct source {
    char name[SOURCE_NAME_SIZE];
    char *text;
    size_t len;
    struct source_mark mark; /* zeros: it did not come from disk */
};

struct sources {
    size_t references; /* of the script thread */
    char *scripts_path;
    char tenant_id[TENANT_ID_SIZE];
    struct source files[SOURCES_MAX];
    size_t count;
    bool is_sealed; /* the version is made: no further file joins */
    /* Hears every fault of what agent.lua returned, "file:line: text"; a version is refused for the first one. NULL: nobody
       wants to know. */
    void (*on_fault)(void *owner, const char *fault);
    void *fault_owner;
};

/* A tenant's folder may be called so. */
bool source_is_tenant(const char *name);
must_use enum err sources_create(
    struct sources **out, const char *scripts_path, const char *tenant_id);
/* Of the tenant's folder, with its tests when it has any. `why` is for people. */
must_use enum err sources_open(
    struct sources **out, const char *scripts_path, const char *tenant_id, char why[256]);
struct sources *sources_hold(struct sources *sources);
void sources_release(struct sources *sources); /* NULL is fine */

/* "tools.book" → "tools/book.lua". ERR_BAD: not lower-case words joined by dots. */
must_use enum err source_name_of_module(char out[SOURCE_NAME_SIZE], struct slice module);
bool source_is_shared(const char *name); /* among tenants: tools/ and prompts/ */
/* Whether a name can be that of a file with this ending in the tenant's own folder, as agent.lua names sounds and texts;
   what a link leads to is looked at when it is read. */
bool source_is_own(const char *name, const char *ending);
/* The file's text, from memory or (not sealed) from disk. ERR_NOT_FOUND, ERR_BAD (outside, too long, no regular file),
   ERR_FULL (too many files), ERR_SYSTEM, with `why` for people. The text stays valid as long as `sources`. */
must_use enum err sources_get(
    struct sources *sources, const char *name, struct slice *text, char why[256]);
/* Adds a file that does not come from disk; `text` (heap, NULL: no memory) is taken in every case. ERR_BAD: no good name,
   too long, there already; ERR_FULL: too many files. */
must_use enum err sources_put_take(
    struct sources *sources, const char *name, char *text, size_t len, char why[256]);
const struct source *sources_find(const struct sources *sources, const char *name);
/* Its files in order of name. */
void sources_in_order(const struct sources *sources, const struct source *order[SOURCES_MAX]);
/* Hash over names and texts, in order of name. */
void sources_version(const struct sources *sources, char out[VERSION_SIZE]);
/* True when a file on disk is no longer what was read, or the tenant has tests now. */
bool sources_changed(struct sources *sources);
/* The line where `path` ("turn.silence_ms", "numbers[2]") is set in that file; that of its nearest parent when it is
   missing; 1 when there is none. */
unsigned sources_line(const struct sources *sources, const char *name, const char *path);
