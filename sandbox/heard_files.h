/* Files that a scripted text was given to. A client that listens through files sends an utterance again and again while it grows:
   what begins with the same tenth of a second, and is no shorter, is the same utterance and is heard as the same text. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HEARD_FILES 64

struct heard_file {
    uint64_t beginning; /* a sum over its first samples */
    size_t longest;     /* samples */
    char *text;
};

struct heard_files { /* zeroed is empty; the oldest goes first */
    struct heard_file files[HEARD_FILES];
    size_t next;
};

/* NULL: it is the first of its utterance. */
const char *heard_files_find(struct heard_files *files, const int16_t *pcm, size_t count);
void heard_files_note(
    struct heard_files *files, const int16_t *pcm, size_t count, const char *text);
void heard_files_clear(struct heard_files *files);
