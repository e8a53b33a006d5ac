/* A scripts folder of a test's own, below the system's temporary folder, and gone at its end. */
#pragma once

struct scripts_folder {
    char path[64];
};

void folder_make(struct scripts_folder *folder);
void folder_remove(struct scripts_folder *folder);
/* Writes path/name, making the folders on the way. */
void folder_write(const struct scripts_folder *folder, const char *name, const char *text);
void folder_delete(const struct scripts_folder *folder, const char *name);
