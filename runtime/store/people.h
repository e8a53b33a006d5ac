/* What is asked of Postgres about people as such: taking one out, what still tells of one, and keeping all of them no longer
   than their tenant wants. The functions are in migrations/013_people.sql. For the operator and the control thread. */
#pragma once

#include "store/database.h"

/* `who`: a phone number (E.164), an e-mail address or a contact's id. One row, one JSON object: people, rows ({table: count}),
   files, carrier. `is_dry`: nothing goes. */
must_use enum err people_erase(struct query **out, struct database *database,
    struct slice tenant_id, struct slice who, struct slice by_whom, bool is_dry,
    unsigned timeout_ms, query_fn *fn, void *owner);
/* tenant_id, call_id of every call that was taken out since a month, of one tenant or (empty) of all. */
must_use enum err people_erased_calls(struct query **out, struct database *database,
    struct slice tenant_id, unsigned timeout_ms, query_fn *fn, void *owner);
/* tenant_id, days: of every tenant that keeps sound or words for so many only. */
must_use enum err people_capture_days(
    struct query **out, struct database *database, unsigned timeout_ms, query_fn *fn, void *owner);
/* A row for each column that tells of one of them: in_table, in_column, row_count, example. Lists as Postgres writes arrays
   ("{a,b}"); words in lower case. */
must_use enum err people_scan(struct query **out, struct database *database, struct slice tenant_id,
    struct slice numbers, struct slice words, unsigned timeout_ms, query_fn *fn, void *owner);

/* tenant_id, record_calls of every tenant that wishes anything. */
must_use enum err people_wishes(
    struct query **out, struct database *database, unsigned timeout_ms, query_fn *fn, void *owner);
/* One step of what tenants' keep_*_days ask for. How many rows it changed; 0: all is done; null: another node is at it. */
must_use enum err people_keep_house(struct query **out, struct database *database,
    struct slice by_whom, unsigned timeout_ms, query_fn *fn, void *owner);
/* id, path of sound that is to go from whichever disk has it, for a month. */
must_use enum err people_sound_to_remove(
    struct query **out, struct database *database, unsigned timeout_ms, query_fn *fn, void *owner);
must_use enum err people_sound_removed(struct query **out, struct database *database,
    struct slice id, unsigned timeout_ms, query_fn *fn, void *owner);
