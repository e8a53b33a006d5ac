/* The shelf's files below one folder. A file appears whole or not at all, also when the machine stops meanwhile. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

/* With the folders above it. */
must_use enum err shelf_files_make_folder(const char *path);
must_use enum err shelf_files_write(const char *folder, const char *name, struct slice text);
/* Heap, terminated. ERR_NOT_FOUND; ERR_BAD: longer than `max_bytes`, no file. */
must_use enum err shelf_files_read(
    struct slice *text, const char *folder, const char *name, size_t max_bytes);
/* That text is there already. */
bool shelf_files_hold(const char *folder, const char *name, struct slice text);
void shelf_files_remove(const char *folder, const char *name);
/* Keeps other processes off the folder until it is given back; waits for them. -1: it cannot be. */
int shelf_files_lock(const char *folder);
void shelf_files_unlock(int lock);
/* Every name in the folder, with when the file was last written. What a killed process left half-written is removed. */
void shelf_files_list(const char *folder,
    void (*fn)(void *owner, const char *name, unsigned long long written_at_ms), void *owner);
