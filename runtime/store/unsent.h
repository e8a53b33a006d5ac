/* What is known of a call whose rows are not all in Postgres yet: its unsent rows in every journal of this machine's
   MOONLINE_DATA, those of dead processes and of neighbours included (docs/journal.md). For a caller who comes back while
   Postgres is away, or while an adopted backlog is still being written.

     any thread ─► records_of_call ─► the records' thread reads the files ─► the question itself, answered, in its `reply`

   Answered once, by its deadline; unless the disk hangs or the process ends: whoever waits has a deadline of its own. A row
   may be in the answer and in Postgres too (acknowledged a moment ago): tell them apart by id. */
#pragma once

#include "base/mailbox.h"
#include "store/records.h"

#define UNSENT_ROWS_MAX 1000
#define UNSENT_BYTES_MAX (1024 * 1024)
#define UNSENT_TEXT_SIZE 64

struct unsent_row {
    enum record_kind kind;
    char *json; /* heap, terminated: what was given to records_put_take */
};

/* Rows of all streams of the CallSid (a call that broke has several call ids), or, where `call_id` is not empty, of
   that one too. */
struct unsent_question {
    struct letter letter;
    struct mailbox *reply; /* a full one drops the answer */
    uint64_t key;          /* the sender's name for what it is about */
    char call_sid[UNSENT_TEXT_SIZE];
    char call_id[UNSENT_TEXT_SIZE];
    uint64_t deadline_ms; /* clock_ms() */
    /* The answer. */
    enum err err;            /* ERR_TIMEOUT: `rows` may be some of them; ERR_NOMEM */
    bool is_cut;             /* there is more than fits */
    struct unsent_row *rows; /* in the order in which they were put, a process after the other */
    size_t count;
};

struct unsent_question *unsent_make(void);          /* NULL: no memory */
void unsent_free(struct unsent_question *question); /* NULL is fine */
/* Any thread. Bounded (256 wait): ERR_FULL, and the question is still the sender's. */
must_use enum err records_of_call(struct records *records, struct unsent_question *question);
/* Any thread, before the mailboxes go: nobody is answered any more once it returns. */
void unsent_stop(struct records *records);
