/* The messages of Media Streams seen from Twilio's end: what a server may send, read as strictly as
   Twilio reads it, and what Twilio sends. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "caller/playout.h"

enum line_message_kind { LINE_MEDIA, LINE_MARK, LINE_CLEAR };

struct line_message {
    enum line_message_kind kind;
    uint8_t *audio; /* media: heap, µ-law */
    size_t audio_len;
    char mark[PLAYOUT_MARK_SIZE];
};

#define LINE_WHY_SIZE 160

/* ERR_BAD: what Twilio reports as 31951: an unknown event or field, a field of the wrong kind, another
   stream's sid. `why` says which. */
must_use enum err line_message_read(
    struct line_message *out, struct slice text, const char *stream_sid, char why[LINE_WHY_SIZE]);
void line_message_free(struct line_message *message);

struct line_ids {
    char account_sid[40];
    char call_sid[40];
    char stream_sid[40];
};

struct line_parameter {
    const char *name;
    const char *value;
};

void line_write_connected(struct strbuf *out);
void line_write_start(struct strbuf *out, const struct line_ids *ids, uint64_t sequence,
    const struct line_parameter *parameters, size_t count);
void line_write_media(struct strbuf *out, const struct line_ids *ids, uint64_t sequence,
    uint64_t chunk, uint64_t timestamp_ms, const uint8_t ulaw[160]);
void line_write_dtmf(struct strbuf *out, const struct line_ids *ids, uint64_t sequence, char digit);
void line_write_mark(
    struct strbuf *out, const struct line_ids *ids, uint64_t sequence, const char *name);
void line_write_stop(struct strbuf *out, const struct line_ids *ids, uint64_t sequence);
