/* Searches what a tenant knows: its rows in faqs and knowledge_documents, and what its script brings. The ranking is the
   function knowledge_search of migration 8. */
#pragma once

#include "store/database.h"

#define KNOWLEDGE_WORDS_MAX_BYTES 2000

struct knowledge_question {
    const char *tenant_id;
    const char *
        language; /* ISO 639-1; words of others than Postgres knows are compared as they are written */
    struct slice words;      /* as a caller says them; past the limit they are cut */
    const char *script_json; /* [{"title", "tags", "text"}] of the script, as JSON */
    unsigned limit;          /* pieces wanted */
    unsigned timeout_ms;
};

/* As database_tenant_query; the answer's columns are title, body, score, best first. */
must_use enum err knowledge_search(struct query **out, struct database *database,
    const struct knowledge_question *question, query_fn *fn, void *owner);
