/* A whole recording, heard by one of the providers that take files: the first of the operator's list, and the next when it
   fails. Nobody waits for it on a call. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

#define FILE_HEARING_MAX_BYTES (8u << 20) /* of a file: 8 minutes at 8000 Hz */

struct file_heard {
    enum err err;         /* ERR_NOT_FOUND: no provider hears files */
    struct slice text;    /* on ERR_OK; empty: no words in it */
    const char *provider; /* who heard it, or failed last */
    const char *why;
};
typedef void file_hearing_fn(void *owner, const struct file_heard *heard);

struct file_hearing;
/* `wav` is copied; `language` (ISO 639-1) may be NULL. Answered once, never during the start. ERR_NOT_FOUND: no provider. */
must_use enum err file_hearing_start(struct file_hearing **out, struct net_loop *loop,
    const char *tenant_id, const char *language, struct slice wav, file_hearing_fn *fn,
    void *owner);
void file_hearing_cancel(struct file_hearing *hearing); /* nothing follows */
