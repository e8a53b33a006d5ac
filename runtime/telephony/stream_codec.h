/* Twilio Media Streams messages (protocol: bytes ⇄ events). Strict on format, tolerant of key order, unknown
   fields, numbers as strings or numbers. Pure; decoding a media message allocates nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

enum stream_event_kind {
    STREAM_CONNECTED,
    STREAM_START,
    STREAM_MEDIA,
    STREAM_DTMF,
    STREAM_MARK,
    STREAM_STOP,
    STREAM_UNKNOWN, /* an event name we do not know: count and ignore */
};

#define STREAM_SID_SIZE 40
#define STREAM_MEDIA_MAX_BYTES 4096
#define STREAM_MESSAGE_MAX_BYTES 8192
#define STREAM_PARAMETERS_MAX 8

struct stream_start {
    char stream_sid[STREAM_SID_SIZE];
    char call_sid[STREAM_SID_SIZE];
    char account_sid[STREAM_SID_SIZE];
    bool is_ulaw_8000_mono;
    struct {
        char name[32];
        char value[512];
    } parameters[STREAM_PARAMETERS_MAX];
    size_t parameter_count;
};

struct stream_event {
    enum stream_event_kind kind;
    char stream_sid[STREAM_SID_SIZE]; /* of the message; empty for connected */
    uint64_t sequence;                /* 0: missing */
    union {
        struct stream_start start;
        struct {
            uint64_t timestamp_ms;
            bool is_inbound;
            uint8_t ulaw[STREAM_MEDIA_MAX_BYTES];
            size_t len;
        } media;
        char digit;
        char mark[64];
    };
};

/* ERR_BAD: not JSON, a required field missing or of the wrong kind, payload not base64 or over the maximum. */
must_use enum err stream_decode(struct stream_event *out, struct slice message);
const char *stream_parameter(
    const struct stream_start *start, const char *name); /* NULL when missing */

/* Outgoing: only the fields Twilio knows. stream_encode_media writes into `out` of at least
   STREAM_MEDIA_OUT_SIZE bytes and returns the length; it allocates nothing. */
#define STREAM_MEDIA_OUT_SIZE 384
size_t stream_encode_media(
    char out[STREAM_MEDIA_OUT_SIZE], const char *stream_sid, const uint8_t ulaw[160]);
void stream_encode_mark(struct strbuf *out, const char *stream_sid, const char *name);
void stream_encode_clear(struct strbuf *out, const char *stream_sid);
