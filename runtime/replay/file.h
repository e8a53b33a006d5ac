/* A captured call's file in memory, and a first look at it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "observe/capture_reader.h"

#define REPLAY_FILE_MAX_BYTES (512u << 20)
#define REPLAY_WHY_SIZE 320

struct replay_file {
    char *bytes; /* heap */
    size_t len;
    uint8_t key[CAPTURE_KEY_BYTES];
    bool has_key;
};

/* `key_path`: a file with the tenant's capture_key, 64 hex digits; NULL: none. On failure `why` says what and what to do, and
   there is nothing to close. */
must_use enum err replay_file_open(
    struct replay_file *file, const char *path, const char *key_path, char why[REPLAY_WHY_SIZE]);
void replay_file_close(struct replay_file *file);
/* From the first record on; close with capture_reader_free. */
void replay_file_read(const struct replay_file *file, struct capture_reader *reader);
/* A file of any kind, whole. ERR_NOT_FOUND, ERR_FULL: it is too large, ERR_SYSTEM, ERR_NOMEM. */
must_use enum err replay_slurp(
    const char *path, char **bytes, size_t *len, char why[REPLAY_WHY_SIZE]);
/* For writing: made, or written anew, and its owner's only, as what it comes from. NULL: errno says why. */
FILE *replay_file_make(const char *path);
