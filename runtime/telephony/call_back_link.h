/* What the URLs of a call that we make carry, so that any node answers for it: the query of the document, of the status and of
   the machine's callback. Signed by the carrier with the rest of the URL. Pure. */
#pragma once

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define CALL_BACK_TITLE_SIZE 101
#define CALL_BACK_DETAILS_SIZE 201
#define CALL_BACK_QUERY_MAX_BYTES                                                                  \
    1200 /* with an origin and a path within what a signed URL may have */

struct call_back_link {
    char tenant_id[64];
    char row_id[ID_SIZE];                 /* of the outbox */
    char task_id[ID_SIZE];                /* "": none */
    char title[CALL_BACK_TITLE_SIZE];     /* of the task; empty in the callbacks' */
    char details[CALL_BACK_DETAILS_SIZE]; /* likewise */
};

/* Texts are cut at a character to what the fields hold. */
void call_back_link_set(struct call_back_link *out, struct slice title, struct slice details);
void call_back_link_write(struct strbuf *query, const struct call_back_link *link);
/* The same without the tenant, behind a query that names it. */
void call_back_link_add(struct strbuf *query, const struct call_back_link *link);
/* ERR_NOT_FOUND: the query is of no such call; ERR_BAD: of one, but not as we write them. */
must_use enum err call_back_link_read(struct call_back_link *out, struct slice query);
