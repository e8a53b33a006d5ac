#include "store/unsent.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "store/record_sql.h"
#include "store/records_internal.h"

#define FILES_MAX 256

struct unsent_question *unsent_make(void)
{
    return calloc(1, sizeof(struct unsent_question));
}

void unsent_free(struct unsent_question *question)
{
    if (!question)
        return;
    for (size_t i = 0; i < question->count; i++)
        free(question->rows[i].json);
    free(question->rows);
    free(question);
}

enum err records_of_call(struct records *records, struct unsent_question *question)
{
    return mailbox_put(&records->questions, &question->letter);
}

/* ---- the records' thread ---- */

struct search {
    struct unsent_question *question;
    size_t bytes;
};

static bool keep_row(struct search *search, enum record_kind kind, const char *json)
{
    struct unsent_question *question = search->question;
    search->bytes += strlen(json);
    if (question->count == UNSENT_ROWS_MAX || search->bytes > UNSENT_BYTES_MAX) {
        question->is_cut = true;
        return false;
    }
    if (!question->rows)
        question->rows = calloc(UNSENT_ROWS_MAX, sizeof *question->rows);
    char *copy = question->rows ? strdup(json) : NULL;
    if (!copy) {
        question->err = ERR_NOMEM;
        return false;
    }
    question->rows[question->count++] = (struct unsent_row){kind, copy};
    return true;
}

static bool keep_journalled(void *owner, const struct journal_row *row)
{
    enum record_kind kind;
    return !record_kind_find(&kind, row->kind) || keep_row(owner, kind, row->json);
}

static void search_file(struct search *search, struct journal_file *file)
{
    struct unsent_question *question = search->question;
    enum err err = journal_file_read_call(file, question->call_sid, question->call_id,
        question->deadline_ms, keep_journalled, search);
    if (err == ERR_TIMEOUT)
        question->err = err;
}

static bool goes_on(const struct unsent_question *question)
{
    return !question->err && !question->is_cut;
}

static struct journal_file *opened(const struct records *records, const char *node)
{
    const struct source *source;
    DL_FOREACH(records->orphans, source)
    {
        if (strcmp(source->node, node) == 0)
            return source->file;
    }
    return strcmp(records->own.node, node) == 0 ? records->own.file : NULL;
}

static void search_files(const struct records *records, struct search *search)
{
    char(*nodes)[JOURNAL_NODE_SIZE] = calloc(FILES_MAX, sizeof *nodes);
    size_t count = nodes ? journal_folder_list(records->folder, nodes, FILES_MAX) : 0;
    for (size_t i = 0; i < count && goes_on(search->question); i++) {
        struct journal_file *known = opened(records, nodes[i]), *other = NULL;
        char why[JOURNAL_WHY_SIZE];
        if (clock_ms() >= search->question->deadline_ms)
            search->question->err = ERR_TIMEOUT;
        else if (known)
            search_file(search, known);
        else if (journal_file_look(&other, records->folder, nodes[i], why) == ERR_OK)
            search_file(search, other);
        journal_file_close(other);
    }
    free(nodes);
}

/* While our file takes none. What says neither CallSid nor call id of the question (a turn of an earlier stream) is
   not found here: its process lives, and knows. */
static void search_memory(struct search *search, const struct record *list)
{
    const struct unsent_question *question = search->question;
    const struct record *record;
    DL_FOREACH(list, record)
    {
        bool is_about = (question->call_sid[0] && strstr(record->json, question->call_sid)) ||
                        (question->call_id[0] && strstr(record->json, question->call_id));
        if (!record->seq && is_about && goes_on(question) &&
            !keep_row(search, record->kind, record->json))
            return;
    }
}

static void answer(struct records *records, struct unsent_question *question)
{
    struct search search = {.question = question};
    if (records->folder[0])
        search_files(records, &search);
    search_memory(&search, records->window);
    search_memory(&search, records->fresh);
    pthread_mutex_lock(&records->answering); /* against unsent_stop; never while the disk is read */
    bool is_given = !records->is_unsent_stopped && question->reply &&
                    mailbox_put(question->reply, &question->letter) == ERR_OK;
    pthread_mutex_unlock(&records->answering);
    if (!is_given)
        unsent_free(question);
}

void unsent_stop(struct records *records)
{
    pthread_mutex_lock(&records->answering);
    records->is_unsent_stopped = true;
    pthread_mutex_unlock(&records->answering);
}

void unsent_answer_all(struct records *records)
{
    struct letter *letter = mailbox_take_all(&records->questions);
    if (letter && records->folder[0] && atomic_load(&records->is_writing))
        writer_write(records); /* what was put before is in the file then */
    while (letter) {
        struct unsent_question *question = (struct unsent_question *)letter;
        letter = letter->next;
        answer(records, question);
    }
}

void unsent_close(struct records *records)
{
    struct letter *letter = mailbox_take_all(&records->questions);
    while (letter) {
        struct unsent_question *question = (struct unsent_question *)letter;
        letter = letter->next;
        unsent_free(question);
    }
    mailbox_destroy(&records->questions);
    pthread_mutex_destroy(&records->answering);
}
