/* How providers fail, told so that whoever holds the call can decide what to do next: ask again, ask another, or tell people. Pure.

   kind       what happened                                           again  breaker  people
   NETWORK    no name, no address, no connection, no TLS              yes    counts   -
   LATE       a deadline passed                                       no     counts   -
   CUT        the answer ended in the middle                          yes    counts   -
   GARBLED    the answer cannot be read, or is too long               no     counts   -
   BUSY       429, 409, 425, 408: later (`retry_after_ms`)            yes    counts   -
   BROKEN     500 and above, or an error in the stream                yes    counts   -
   QUOTA      the account has nothing left                            no     opens    told
   KEY        401, 403: the key is wrong, or may not do this          no     opens    told
   REQUEST    400, 404, 422: this request, its model or its voice     no     -        told
   OURS       it could not be made: memory, a full queue              no     -        -

   "again": the same provider is worth another try. "breaker": it counts against the provider's circuit, or opens it at once.
   Everything but what was heard already is worth another provider. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum failure_kind {
    FAILURE_NETWORK,
    FAILURE_LATE,
    FAILURE_CUT,
    FAILURE_GARBLED,
    FAILURE_BUSY,
    FAILURE_BROKEN,
    FAILURE_QUOTA,
    FAILURE_KEY,
    FAILURE_REQUEST,
    FAILURE_OURS,
};
#define FAILURE_KINDS (FAILURE_OURS + 1)

struct failure {
    enum failure_kind kind;
    enum err err;
    int status;              /* HTTP; 0: none */
    unsigned retry_after_ms; /* the provider's wish; 0: none */
    const char *why;         /* for logs; never a key, never a caller's words */
};

struct failure_rule {
    const char *name;
    bool is_worth_again;
    bool counts;
    bool opens;
    bool is_for_people; /* nothing gets better by itself */
};
const struct failure_rule *failure_rule(enum failure_kind kind);

/* Of an answer that is no success; `code` as in its error body ("" when there is none). */
enum failure_kind failure_of_status(int status, const char *code);
/* Of a connection or an answer that came to nothing. */
enum failure_kind failure_of_err(enum err err);
