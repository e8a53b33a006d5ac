/* What ties a voice webhook to its socket without shared state: an HMAC-SHA256 over CallSid, tenant, attempt and
   expiry. One use is claimed by whoever holds the claims table. Pure (time is an argument). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define STREAM_TOKEN_SIZE 256
#define STREAM_TOKEN_LIFETIME_MS 60000

/* An attempt counts two things, so that each stream of a call has one of its own, later ones greater: its units the
   streams that broke, its tens the transfers that the caller came back from. */
#define STREAM_BREAKS_MAX 10

static inline unsigned stream_attempt_breaks(unsigned attempt)
{
    return attempt % STREAM_BREAKS_MAX;
}

static inline unsigned stream_attempt_transfers(unsigned attempt)
{
    return attempt / STREAM_BREAKS_MAX;
}

static inline unsigned stream_attempt_after_transfer(unsigned attempt)
{
    return (stream_attempt_transfers(attempt) + 1) * STREAM_BREAKS_MAX;
}

struct stream_token {
    char call_sid[40];
    char tenant[64];
    unsigned attempt;
    uint64_t expires_wall_ms;
};

/* "v1.<attempt>.<expiry>.<tenant>.<base64url of the mac>"; the CallSid is signed, not carried. */
must_use enum err stream_token_make(
    char out[STREAM_TOKEN_SIZE], const struct stream_token *token, struct slice key);
/* ERR_BAD: not ours or altered (CallSid included); ERR_TIMEOUT: expired. */
must_use enum err stream_token_check(struct stream_token *out, struct slice text,
    struct slice call_sid, struct slice key, uint64_t now_wall_ms);

/* One use per (CallSid, attempt) in this process; any thread. False: already used. Entries go after their expiry;
   at 65 536 live entries the oldest goes. */
bool stream_token_claim(const struct stream_token *token, uint64_t now_wall_ms);
