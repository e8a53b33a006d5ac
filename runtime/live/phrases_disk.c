/* The store's folder: a file a phrase, named after its key's hash. Processes share a folder: a file appears whole or not at all, and
   only one of them sweeps at a time. What cannot be read is removed: it is asked for again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "live/phrase_file.h"
#include "live/phrases_internal.h"
#include "observe/log.h"
#include "script/shelf_files.h"

#define SUFFIX ".phrase"
#define FILE_NAME_SIZE (PHRASE_NAME_SIZE + sizeof SUFFIX)
#define FILES_SEEN_MAX (4 * PHRASES_MAX)

static void name_file(char file[FILE_NAME_SIZE], const char *name)
{
    snprintf(file, FILE_NAME_SIZE, "%s" SUFFIX, name);
}

/* ---- what is there ---- */

struct seen_file {
    char name[PHRASE_NAME_SIZE];
    unsigned long long used_ms;
    size_t bytes;
};

struct seen {
    const char *folder;
    struct seen_file *files;
    size_t count;
};

static bool is_phrase(const char *file, char name[PHRASE_NAME_SIZE])
{
    char whole[FILE_NAME_SIZE];
    slice_copy(slice_from(file), name, PHRASE_NAME_SIZE);
    name_file(whole, name);
    return strlen(name) == PHRASE_NAME_SIZE - 1 &&
           strspn(name, "0123456789abcdef") == PHRASE_NAME_SIZE - 1 && strcmp(whole, file) == 0;
}

static size_t bytes_of(const char *folder, const char *file)
{
    char path[PATH_MAX];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return stat(path, &info) == 0 && info.st_size > 0 ? (size_t)info.st_size : 0;
}

static void see(void *owner, const char *file, unsigned long long written_at_ms)
{
    struct seen *seen = owner;
    struct seen_file found = {.used_ms = written_at_ms};
    if (!is_phrase(file, found.name) || seen->count == FILES_SEEN_MAX)
        return;
    found.bytes = bytes_of(seen->folder, file);
    if (found.bytes > PHRASE_FILE_MAX_BYTES) { /* no phrase: it would take the others' room */
        shelf_files_remove(seen->folder, file);
        return;
    }
    seen->files[seen->count++] = found;
}

static int newer_first(const void *left, const void *right)
{
    const struct seen_file *a = left, *b = right;
    return a->used_ms < b->used_ms ? 1 : a->used_ms > b->used_ms ? -1 : strcmp(a->name, b->name);
}

static enum err look(struct seen *seen, const char *folder)
{
    *seen = (struct seen){.folder = folder, .files = calloc(FILES_SEEN_MAX, sizeof *seen->files)};
    if (!seen->files)
        return ERR_NOMEM;
    shelf_files_list(folder, see, seen);
    qsort(seen->files, seen->count, sizeof *seen->files, newer_first);
    return ERR_OK;
}

/* ---- reading ---- */

static struct phrase *read_phrase(const char *folder, const char *file)
{
    struct slice text = {NULL, 0}, ulaw;
    size_t count = 0;
    struct phrase *phrase = NULL;
    struct heard_character *characters = calloc(PHRASE_MAX_CHARACTERS, sizeof *characters);
    enum err err =
        characters ? shelf_files_read(&text, folder, file, PHRASE_FILE_MAX_BYTES) : ERR_NOMEM;
    if (!err)
        err = phrase_file_parse(text, &ulaw, characters, &count);
    if (!err)
        phrase = phrase_make(ulaw, characters, count);
    if (err == ERR_BAD) {
        log_warn("phrases.unreadable", "path=%s/%s do=%s", folder, file, "removed");
        shelf_files_remove(folder, file);
    }
    free(characters);
    free((char *)text.data);
    return phrase;
}

/* How many of the newest there is room for. */
static size_t fitting(const struct seen *seen)
{
    size_t fits = 0, bytes = 0;
    while (fits < seen->count && fits < PHRASES_MAX &&
           bytes + seen->files[fits].bytes <= PHRASES_MAX_BYTES)
        bytes += seen->files[fits++].bytes;
    return fits;
}

/* The oldest first, so that the list is in order of use; what is too much stays for the next sweep. */
enum err phrases_read_folder(struct phrases *phrases)
{
    struct seen seen;
    enum err err = look(&seen, phrases->path);
    if (err)
        return err;
    for (size_t i = fitting(&seen); i-- > 0;) {
        char file[FILE_NAME_SIZE];
        name_file(file, seen.files[i].name);
        struct phrase *phrase = read_phrase(phrases->path, file);
        if (phrase)
            phrases_add_take(phrases, seen.files[i].name, phrase);
    }
    free(seen.files);
    return ERR_OK;
}

/* ---- writing ---- */

static void sweep(const char *folder)
{
    struct seen seen;
    int lock = shelf_files_lock(folder);
    if (lock < 0)
        return;
    if (look(&seen, folder) == ERR_OK) {
        for (size_t i = fitting(&seen); i < seen.count; i++) {
            char file[FILE_NAME_SIZE];
            name_file(file, seen.files[i].name);
            shelf_files_remove(folder, file);
        }
        free(seen.files);
    }
    shelf_files_unlock(lock);
}

static void write_phrase(const char *folder, const char *name, const struct phrase *phrase)
{
    char file[FILE_NAME_SIZE];
    struct strbuf text;
    name_file(file, name);
    strbuf_init(&text, PHRASE_FILE_MAX_BYTES);
    phrase_file_print(&text, phrase);
    if (text.failed || shelf_files_write(folder, file, strbuf_slice(&text)) != ERR_OK)
        log_error("phrases.failed", "path=%s/%s why=%s", folder, file, strerror(errno));
    strbuf_free(&text);
}

static void touch(const char *folder, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s" SUFFIX, folder, name);
    (void)!utimensat(AT_FDCWD, path, NULL, 0);
}

static struct kept_phrase *next_news(struct phrases *phrases)
{
    struct kept_phrase *kept = phrases->list;
    while (kept && !kept->is_unwritten && !kept->is_untold)
        kept = kept->hh.next;
    return kept;
}

/* Locked before and after. True: a file was added. */
static bool write_one(struct phrases *phrases, struct kept_phrase *kept)
{
    char name[PHRASE_NAME_SIZE];
    bool is_new = kept->is_unwritten;
    struct phrase *phrase = kept->phrase;
    atomic_fetch_add(&phrase->references, 1);
    memcpy(name, kept->name, sizeof name);
    kept->is_unwritten = kept->is_untold = false;
    pthread_mutex_unlock(&phrases->lock);
    if (is_new)
        write_phrase(phrases->path, name, phrase);
    else
        touch(phrases->path, name);
    phrase_release(phrase);
    pthread_mutex_lock(&phrases->lock);
    return is_new;
}

static void write_all(struct phrases *phrases)
{
    struct kept_phrase *kept;
    bool has_more = false;
    phrases->is_writing = true;
    phrases->has_news = false;
    while ((kept = next_news(phrases)))
        has_more |= write_one(phrases, kept);
    pthread_mutex_unlock(&phrases->lock);
    if (has_more)
        sweep(phrases->path);
    pthread_mutex_lock(&phrases->lock);
    phrases->is_writing = false;
}

void *phrases_write(void *owner)
{
    struct phrases *phrases = owner;
    pthread_mutex_lock(&phrases->lock);
    for (;;) {
        if (phrases->has_news) {
            write_all(phrases);
            continue;
        }
        pthread_cond_broadcast(&phrases->has_settled);
        if (phrases->is_closing)
            break;
        pthread_cond_wait(&phrases->has_work, &phrases->lock);
    }
    pthread_mutex_unlock(&phrases->lock);
    return NULL;
}
