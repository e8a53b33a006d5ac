/* The errors a function may return, and how functions that can fail are marked.
   ERR_OK is 0, so `if (err)` reads as "if it failed". */
#pragma once

#define must_use __attribute__((warn_unused_result))

enum err {
    ERR_OK = 0,
    ERR_NOMEM,       /* memory ran out */
    ERR_FULL,        /* a bounded queue or buffer said no; nothing was changed */
    ERR_BAD,         /* input is not what the contract says */
    ERR_CLOSED,      /* the other side is gone */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_UNREACHABLE, /* name, address, connection or TLS failed before any answer */
    ERR_REFUSED,     /* the other side answered no (HTTP status, policy, permission) */
    ERR_NOT_FOUND,
    ERR_SYSTEM, /* a system call failed; the log line says which */
};

/* A short word for logs: "ok", "no_memory", "full", … */
const char *err_name(enum err err);
