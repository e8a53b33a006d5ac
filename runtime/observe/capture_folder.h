/* The folder of captures: what its files are called, who has them under way, which of them go. Its files are their owner's
   only (0600, folders 0700).

     <tenant>/<call id>.mooncap        a capture
     <tenant>/<call id>.mooncap.part   under way, to be kept whatever becomes of who writes it
     <tenant>/<call id>.mooncap.ask    under way, and nobody has agreed to it yet
     <tenant>/.new-<call id>           not locked yet, for a moment

   Who writes a file holds a lock on it (flock): one without is what a dead process left. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* May stand in a path: letters, digits, '-', '_' and '.', which is not the first. */
bool capture_name_is_safe(const char *name);
must_use enum err capture_folder_make(
    const char *path); /* and those above it; errno says why not */

/* The three names a call's file may have; NULL: its path would be too long. */
enum capture_name { CAPTURE_NAME_ASK, CAPTURE_NAME_PART, CAPTURE_NAME_DONE };

/* A locked file of that name, which was not there; −1: errno says why. The folder is made. */
int capture_folder_create(
    const char *path, const char *tenant_id, const char *call_id, enum capture_name name);
bool capture_folder_rename(const char *path, const char *tenant_id, const char *call_id,
    enum capture_name from, enum capture_name to);
/* False: there was none, or errno says why not. */
bool capture_folder_remove(
    const char *path, const char *tenant_id, const char *call_id, enum capture_name name);
/* Of an erased call: whatever there is of it, also under way. How many files went. */
unsigned capture_folder_erase(const char *path, const char *tenant_id, const char *call_id);

struct capture_bounds {
    uint64_t max_bytes;
    unsigned max_days;
};
/* Takes care of what dead processes left, and removes captures that are too old, and the oldest ones that are too much. What
   all files come to afterwards; those under way are never removed. */
uint64_t capture_folder_look(
    const char *path, const struct capture_bounds *bounds, uint64_t now_wall_ms);
/* So, of one tenant's files. */
uint64_t capture_folder_look_at(const char *path, const char *tenant_id,
    const struct capture_bounds *bounds, uint64_t now_wall_ms);
