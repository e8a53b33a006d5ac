/* A thread of its own for the records' way to Postgres: the journal's disk may keep it waiting for seconds, which neither
   calls nor the control thread's errands may notice. */
#pragma once

#include "main/settings.h"
#include "store/records.h"

struct journal_thread;
/* It runs from now on. `node` names its file below MOONLINE_DATA. ERR_BAD: the database's URL. */
must_use enum err journal_thread_start(struct journal_thread **out, const struct settings *settings,
    const char *node, size_t capacity);
struct records *journal_thread_records(struct journal_thread *thread); /* NULL: no thread */
/* Ends it once the rows are in Postgres, or in the journal while Postgres is away, and frees it; NULL is fine. A disk that
   hangs keeps nobody waiting for long: then the thread is left alone, and ends with the process. */
void journal_thread_stop(struct journal_thread *thread, unsigned drain_ms);
