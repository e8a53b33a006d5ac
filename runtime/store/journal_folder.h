/* The folder of journals, MOONLINE_DATA/journal: a file <node>.db a process, and beside it <node>.lock, which its process
   holds (flock) for as long as it lives. A file whose lock is free belongs to a dead process: whoever gets the lock
   adopts it. Local disks only. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "store/journal_file.h"

/* With the folders above it; nobody else's to read. */
must_use enum err journal_folder_make(const char *folder);
/* A descriptor to hold. ERR_REFUSED: its process lives; ERR_SYSTEM. */
must_use enum err journal_folder_lock(int *lock, const char *folder, const char *node);
/* ERR_NOT_FOUND as well: there is no file any more, and its lock is gone too now. */
must_use enum err journal_folder_adopt(int *lock, const char *folder, const char *node);
void journal_folder_unlock(int lock);
/* The file goes, its lock last, and is given back. The database is closed. */
void journal_folder_remove(const char *folder, const char *node, int lock);
/* Out of the way under another name, which is told; never deleted. The lock stays. */
must_use enum err journal_folder_put_aside(
    const char *folder, const char *node, char name[JOURNAL_NODE_SIZE + 40]);
/* The nodes that have a file, oldest first (ids sort by time). At most `max`. */
size_t journal_folder_list(const char *folder, char (*nodes)[JOURNAL_NODE_SIZE], size_t max);
/* Those that have a lock: a process killed before it made its file, or while it removed it, leaves one. */
size_t journal_folder_locks(const char *folder, char (*nodes)[JOURNAL_NODE_SIZE], size_t max);
