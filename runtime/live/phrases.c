#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/phrases_internal.h"
#include "script/shelf_files.h"

#define CLAIM_MS 30000
#define TELL_EVERY_MS (60 * 60 * 1000ull) /* of use, to its file: enough to tell old from new */

/* ---- phrases ---- */

struct phrase *phrase_make(
    struct slice ulaw, const struct heard_character *characters, size_t character_count)
{
    size_t times_bytes = character_count * sizeof *characters;
    struct phrase *phrase = malloc(sizeof *phrase + times_bytes + ulaw.len);
    if (!phrase)
        return NULL;
    char *times = (char *)(phrase + 1), *audio = times + times_bytes;
    if (times_bytes)
        memcpy(times, characters, times_bytes);
    memcpy(audio, ulaw.data, ulaw.len);
    *phrase = (struct phrase){.ulaw = {audio, ulaw.len},
        .characters = (const struct heard_character *)times,
        .character_count = character_count};
    atomic_init(&phrase->references, 1);
    return phrase;
}

void phrase_release(struct phrase *phrase)
{
    if (phrase && atomic_fetch_sub(&phrase->references, 1) == 1)
        free(phrase);
}

/* ---- the list ---- */

static void name_of(const char *key, char name[PHRASE_NAME_SIZE])
{
    uint8_t hash[SHA256_BYTES];
    crypto_sha256(slice_from(key), hash);
    crypto_hex(hash, sizeof hash, name);
}

static struct kept_phrase *find(struct phrases *phrases, const char *name)
{
    struct kept_phrase *kept;
    HASH_FIND_STR(phrases->list, name, kept);
    return kept;
}

static void forget(struct phrases *phrases, struct kept_phrase *kept)
{
    HASH_DEL(phrases->list, kept);
    phrases->bytes -= kept->phrase->ulaw.len;
    phrase_release(kept->phrase);
    free(kept);
}

static void make_room(struct phrases *phrases, size_t bytes)
{
    while (phrases->list &&
           (HASH_COUNT(phrases->list) >= PHRASES_MAX || phrases->bytes + bytes > PHRASES_MAX_BYTES))
        forget(phrases, phrases->list);
}

bool phrases_add_take(struct phrases *phrases, const char *name, struct phrase *phrase)
{
    struct kept_phrase *kept = find(phrases, name) ? NULL : calloc(1, sizeof *kept);
    if (!kept) {
        phrase_release(phrase);
        return false;
    }
    make_room(phrases, phrase->ulaw.len);
    memcpy(kept->name, name, PHRASE_NAME_SIZE);
    kept->phrase = phrase;
    HASH_ADD_STR(phrases->list, name, kept);
    if (!kept->hh.tbl) {
        phrase_release(phrase);
        free(kept);
        return false;
    }
    phrases->bytes += phrase->ulaw.len;
    return true;
}

static void wake_writer(struct phrases *phrases)
{
    phrases->has_news = phrases->has_writer;
    pthread_cond_signal(&phrases->has_work);
}

/* The newest in use is the last one in the list. */
static void note_use(struct phrases *phrases, struct kept_phrase *kept)
{
    unsigned long long now_ms = clock_wall_ms();
    HASH_DEL(phrases->list, kept);
    HASH_ADD_STR(phrases->list, name, kept);
    if (now_ms - kept->told_ms < TELL_EVERY_MS)
        return;
    kept->told_ms = now_ms;
    kept->is_untold = true;
    wake_writer(phrases);
}

struct phrase *phrases_find(struct phrases *phrases, const char *key)
{
    char name[PHRASE_NAME_SIZE];
    if (!phrases)
        return NULL;
    name_of(key, name);
    pthread_mutex_lock(&phrases->lock);
    struct kept_phrase *kept = find(phrases, name);
    struct phrase *phrase = kept ? kept->phrase : NULL;
    if (phrase) {
        atomic_fetch_add(&phrase->references, 1);
        note_use(phrases, kept);
    }
    pthread_mutex_unlock(&phrases->lock);
    return phrase;
}

/* ---- who asks ---- */

static struct phrase_claim *find_claim(
    struct phrases *phrases, const char *name, uint64_t now_ms, struct phrase_claim **unused)
{
    for (size_t i = 0; i < CLAIMS_MAX; i++) {
        struct phrase_claim *claim = &phrases->claims[i];
        if (claim->until_ms <= now_ms)
            *unused = claim;
        else if (strcmp(claim->name, name) == 0)
            return claim;
    }
    return NULL;
}

bool phrases_claim(struct phrases *phrases, const char *key, uint64_t now_ms)
{
    char name[PHRASE_NAME_SIZE];
    struct phrase_claim *unused = NULL;
    if (!phrases)
        return false;
    name_of(key, name);
    pthread_mutex_lock(&phrases->lock);
    bool is_mine = !find(phrases, name) && !find_claim(phrases, name, now_ms, &unused) && unused;
    if (is_mine) {
        memcpy(unused->name, name, sizeof name);
        unused->until_ms = now_ms + CLAIM_MS;
    }
    pthread_mutex_unlock(&phrases->lock);
    return is_mine;
}

static void drop_claim(struct phrases *phrases, const char *name)
{
    struct phrase_claim *unused;
    struct phrase_claim *claim = find_claim(phrases, name, 0, &unused);
    if (claim)
        claim->until_ms = 0;
}

void phrases_give_up(struct phrases *phrases, const char *key)
{
    char name[PHRASE_NAME_SIZE];
    if (!phrases)
        return;
    name_of(key, name);
    pthread_mutex_lock(&phrases->lock);
    drop_claim(phrases, name);
    pthread_mutex_unlock(&phrases->lock);
}

void phrases_keep(struct phrases *phrases, const char *key, struct slice ulaw,
    const struct heard_character *characters, size_t character_count)
{
    char name[PHRASE_NAME_SIZE];
    bool is_sound = ulaw.len && ulaw.len <= PHRASE_MAX_BYTES;
    if (!phrases || !is_sound || character_count > PHRASE_MAX_CHARACTERS)
        return;
    struct phrase *phrase = phrase_make(ulaw, characters, character_count);
    if (!phrase)
        return;
    name_of(key, name);
    pthread_mutex_lock(&phrases->lock);
    drop_claim(phrases, name);
    if (phrases_add_take(phrases, name, phrase)) {
        struct kept_phrase *kept = find(phrases, name);
        kept->is_unwritten = true;
        kept->told_ms = clock_wall_ms();
        wake_writer(phrases);
    }
    pthread_mutex_unlock(&phrases->lock);
}

/* ---- life ---- */

void phrases_settle(struct phrases *phrases)
{
    if (!phrases || !phrases->has_writer)
        return;
    pthread_mutex_lock(&phrases->lock);
    while (phrases->is_writing || phrases->has_news)
        pthread_cond_wait(&phrases->has_settled, &phrases->lock);
    pthread_mutex_unlock(&phrases->lock);
}

static void destroy(struct phrases *phrases)
{
    while (phrases->list)
        forget(phrases, phrases->list);
    pthread_mutex_destroy(&phrases->lock);
    pthread_cond_destroy(&phrases->has_work);
    pthread_cond_destroy(&phrases->has_settled);
    free(phrases);
}

static enum err open_folder(struct phrases *phrases, const char *path, char why[256])
{
    bool is_short = slice_copy(slice_from(path), phrases->path, sizeof phrases->path);
    enum err err = is_short ? shelf_files_make_folder(path) : ERR_SYSTEM;
    if (err)
        snprintf(why, 256, "%.160s: %s", path, is_short ? strerror(errno) : "the name is too long");
    if (!err)
        err = phrases_read_folder(phrases);
    if (err)
        return err;
    phrases->has_writer = pthread_create(&phrases->writer, NULL, phrases_write, phrases) == 0;
    snprintf(why, 256, "cannot start a thread");
    return phrases->has_writer ? ERR_OK : ERR_SYSTEM;
}

enum err phrases_open(struct phrases **out, const char *path, char why[256])
{
    struct phrases *phrases = calloc(1, sizeof *phrases);
    snprintf(why, 256, "no memory");
    if (!phrases)
        return ERR_NOMEM;
    pthread_mutex_init(&phrases->lock, NULL);
    pthread_cond_init(&phrases->has_work, NULL);
    pthread_cond_init(&phrases->has_settled, NULL);
    enum err err = path ? open_folder(phrases, path, why) : ERR_OK;
    if (err)
        destroy(phrases);
    else
        *out = phrases;
    return err;
}

void phrases_close(struct phrases *phrases)
{
    if (!phrases)
        return;
    pthread_mutex_lock(&phrases->lock);
    phrases->is_closing = true;
    pthread_cond_signal(&phrases->has_work);
    pthread_mutex_unlock(&phrases->lock);
    if (phrases->has_writer)
        pthread_join(phrases->writer, NULL);
    destroy(phrases);
}
