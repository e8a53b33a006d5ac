/* The sound of a recording, from the carrier into an open file: GET Recordings/{RE}.wav, through at most three redirects. The
   account's name and token go to the carrier's own origin only. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"
#include "telephony/rest.h"

#define RECORDING_SID_SIZE 40
#define RECORDING_MAX_BYTES (256u << 20) /* four hours of a call, both sides, are 230 MB */

/* "RE" and letters or digits: names that become part of a path. */
bool recording_is_sid(struct slice text);

struct recording_fetch;
/* ERR_NOT_FOUND: not there, or not yet; ERR_FULL: longer than we take; ERR_SYSTEM: the file could not be written. Exactly
   once, never during the start. */
typedef void recording_fetch_fn(void *owner, enum err err, uint64_t bytes, const char *why);
/* `fd` stays the caller's; what is in it after a failure is of no use. */
must_use enum err recording_fetch_start(struct recording_fetch **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *recording_sid, int fd, recording_fetch_fn *fn,
    void *owner);
void recording_fetch_cancel(struct recording_fetch *fetch); /* nothing follows */
