/* The sandbox's ears: pocketsphinx on telephone-band audio with a closed grammar of the demo's domain. Decoders live on
   threads of their own (a small pool); results come as letters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mailbox.h"

struct ears_result {
    struct letter letter;
    uint64_t session; /* as given to ears_open */
    uint32_t
        item; /* as given to ears_commit; partials carry the item being spoken (last commit + 1) */
    bool is_final;
    char *text; /* heap; lower case, may be empty */
};
void ears_result_free(struct ears_result *result);

struct ears_pool;
struct ears_options {
    unsigned threads;       /* decoders: 2 */
    const char *model_path; /* acoustic model folder */
    const char *dictionary_path;
    const char *grammar_path; /* JSGF */
};
must_use enum err ears_start(
    struct ears_pool **out, const struct ears_options *options, char why[256]);
void ears_stop(struct ears_pool *pool);

struct ears; /* one speech-to-text session */
must_use enum err ears_open(
    struct ears **out, struct ears_pool *pool, struct mailbox *results, uint64_t session);
/* 8 kHz PCM; queued (≤ 30 s, then ERR_FULL), decoded on the pool as it comes. */
must_use enum err ears_audio(struct ears *ears, const int16_t *pcm, size_t count);
/* Ends an utterance: exactly one final result for `item` follows. */
must_use enum err ears_commit(struct ears *ears, uint32_t item);
void ears_close(struct ears *ears); /* results already sent may still be in the mailbox */
