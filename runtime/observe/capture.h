/* Calls as they went, into a file each (capture_format.h; docs/capture.md): <path>/<tenant>/<call id>.mooncap.

     a call ─ capture_put ─► its block ─(full, or two seconds old)─► mailbox ─► the capture thread: packs, seals, writes

   A media thread copies a record into memory that is lent to its call, and waits for nobody: where there is none left (the
   disk is slow, or memory ran out) the record is lost. Lost records are counted in the file where they are missing, and the
   file says at its end that it is not complete. Nothing that becomes of a capture is told to its call.

   A file is written under another name, which says what is to become of it if its process dies, and locked. It has its own
   name from the end of its call on, if it may be kept: until then nobody takes it for a capture. What a process left that
   was killed, whoever starts next gives its name, as incomplete, or removes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/capture_format.h"

#define CAPTURES_FOLDER "captures" /* below MOONLINE_DATA */

struct captures_options {
    const char *path; /* the folder, made when it is missing, for its owner only */
    const char *
        secrets; /* a tenant's key is <secrets>/<tenant>/capture_key; NULL or "": no tenant has one */
    uint64_t max_bytes;       /* of all files: the oldest go first */
    unsigned max_days;        /* older ones go */
    uint64_t call_max_bytes;  /* [64 MiB] of one file: what comes behind is lost */
    size_t waiting_max_bytes; /* [64 MiB] of all calls, not yet written */
};

/* All captures of a process; any thread. */
struct captures;
/* ERR_SYSTEM with `why`: the folder cannot be made. */
must_use enum err captures_open(
    struct captures **out, const struct captures_options *options, char why[256]);
must_use enum err captures_start(
    struct captures *captures); /* its thread; before it nothing is written */
void captures_settle(
    struct captures *captures); /* waits until what was put is written, or was tried */
void captures_close(struct captures *captures); /* so; after the last capture's end. NULL is fine */

enum capture_rule {
    CAPTURE_IF_AGREED,      /* kept if the caller agreed to being recorded */
    CAPTURE_UNLESS_REFUSED, /* kept, but for a caller who said no */
};

enum capture_consent { CAPTURE_UNKNOWN, CAPTURE_AGREED, CAPTURE_REFUSED };

/* One call's, on its media thread. NULL, which all functions take: the call is not captured. */
struct capture;
/* `began_ms`: what the times of its records count from. NULL: there is no memory. */
struct capture *capture_begin(struct captures *captures, const char *tenant_id, const char *call_id,
    enum capture_rule rule, uint64_t began_ms);
/* `at_ms`: on the clock of `began_ms`. */
void capture_put(
    struct capture *capture, enum capture_kind kind, uint64_t at_ms, struct slice content);
/* The content in two parts, so that nobody needs to join them. */
void capture_put_parts(struct capture *capture, enum capture_kind kind, uint64_t at_ms,
    struct slice first, struct slice rest);
void capture_lose(struct capture *capture); /* a record could not be made */
void capture_set_consent(
    struct capture *capture, enum capture_consent consent); /* the last counts */
/* The call is over: the file is given its name, or removed. `reason` and `outcome` may be NULL. Frees. */
void capture_end(struct capture *capture, uint64_t at_ms, const char *reason, const char *outcome);
