/* A captured call as a file, `<call id>.mooncap`, version 1. Pure: bytes ⇄ records; who writes and reads files is elsewhere
   (observe/capture.h writes; chunks: capture_chunk.h; a whole file: capture_reader.h).

     file    "MOONCAP1"  chunk…
     chunk   u32 stored length · u32 length unpacked · u8 flags · u32 CRC-32C of all that stands before it and of what is
             stored · what is stored                                                      (integers are little-endian)
     flags   1: zstd; 2: sealed with the tenant's key, after it was packed: nonce of 24 random bytes · XChaCha20-Poly1305 of
             what was packed, with its tag. The additional data are the first 16 bytes of the first chunk's nonce, this chunk's
             number from 0 (u64), the length unpacked and the flags: chunks change neither place nor file
     stored  records, one after the other: varint kind · varint milliseconds since the record before (the file's first:
             since the call began, which is 0), zigzag: a record has the time that its event was given, which may have been
             read before the last one's · varint length · content

   A chunk is whole or it is not there: what a killed process leaves ends with its last whole chunk, and is read up to it.
   Content is of one of these forms: JSON (UTF-8 object); packed (varints and length-prefixed texts in the order given,
   base/varint.h; µ-law is the rest of the content, without a length). The
   dictionary in HEADER gives the names of numbered kinds, so that files outlive a change of our enums: a reader goes by name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define CAPTURE_MAGIC "MOONCAP1"
#define CAPTURE_MAGIC_BYTES 8
#define CAPTURE_SUFFIX ".mooncap"
#define CAPTURE_KEY_BYTES 32
#define CAPTURE_KEY_FILE "capture_key"       /* a tenant's secret of that name, as hex digits */
#define CAPTURE_CONTENT_MAX_BYTES (1u << 20) /* of one record */

enum capture_kind {
    /* JSON, first: {"format":1,"build" (if known),"call_id","call_sid","tenant_id","agent_version","started_wall_ms","direction",
       "attempt","caller","called","settings":{…turn_settings by name},"vad":{…},"jitter":{…},"names":{"turn_event":[…],
       "turn_action":[…],"turn_state":[…]},"agent":{…what words and pieces go by: backchannels, commands, …}} */
    CAPTURE_HEADER = 1,
    /* packed: the carrier's timestamp in ms · µ-law as it came, any length */
    CAPTURE_MEDIA_IN = 2,
    /* packed: ms until it is audible (by our play-out clock) · 160 bytes of µ-law as sent */
    CAPTURE_MEDIA_OUT = 3,
    CAPTURE_CLEAR = 4,    /* what the carrier holds was taken back */
    CAPTURE_MARK_OUT = 5, /* packed: name */
    CAPTURE_MARK_IN = 6,  /* likewise, the carrier's echo */
    CAPTURE_KEY = 7,      /* packed: the key, told by the carrier */
    /* packed: 1 start, 2 end, 3 a key heard · level of the frame in −dBov · the key, for 3 */
    CAPTURE_VAD = 8,
    /* packed: depth in ms · concealed · late · duplicate · skipped · resyncs, so far; when one changed */
    CAPTURE_JITTER = 9,
    /* JSON: {"event":"open|ready|source|commit|partial|words|final|failed|close","item",…} */
    CAPTURE_STT = 10,
    /* JSON: {"event":"ask|source|text|restart|tool_call|done|failed|cancel","epoch",…}; ask has "messages" and "tools" as
       sent */
    CAPTURE_LLM = 11,
    /* JSON: {"event":"open|ready|source|text|text_end|text_ahead|sound|audio|timings|end|failed|cancel|close","context",…};
       text_ahead is spoken for later, not heard now; sound is heard without synthesis (a recording, a phrase kept from
       before): both with their "text". audio says how many bytes came, which MEDIA_OUT has where they were heard */
    CAPTURE_TTS = 12,
    /* JSON: {"kind","epoch","turn","hook","tool","arguments","state",…} */
    CAPTURE_SCRIPT_ASKED = 13,
    CAPTURE_SCRIPT_ANSWERED = 14, /* JSON: {"kind","epoch","ending","version","answer",…} */
    /* packed: turn_event, the state it led to, its actions, the deadline after (callflow/turn_codec.h) */
    CAPTURE_STEP = 15,
    CAPTURE_SPAN = 16, /* packed: span's name · turn · epoch · detail (observe/span.h) */
    /* JSON: anything for people: a phase, a version taken, a transfer, an end's reason */
    CAPTURE_NOTE = 17,
    /* packed: how many records are missing here: the queue was full, or the disk stood still */
    CAPTURE_LOST = 18,
    CAPTURE_END = 19, /* JSON, last: {"is_complete","lost","reason","outcome","duration_ms"} */
};

struct capture_record {
    enum capture_kind kind; /* a kind of a later version is passed over by who does not know it */
    uint64_t
        at_ms; /* since the call began; a little less than the record before has, now and then */
    struct slice content; /* borrowed from the unpacked chunk */
};

/* "HEADER", "MEDIA_IN", …; NULL: of a later version. */
const char *capture_kind_name(uint64_t kind);
/* Appends one record. `since_ms`: since the record before. Content past its limit is the caller's to cut. */
void capture_record_add(
    struct strbuf *out, enum capture_kind kind, int64_t since_ms, struct slice content);
/* Takes one off the front of `rest`, adding its time to `at_ms`. False: what is left is no whole record. */
bool capture_record_take(struct slice *rest, uint64_t *at_ms, struct capture_record *record);
/* A key as its 64 hex digits. False: it is none. */
bool capture_key_parse(uint8_t key[CAPTURE_KEY_BYTES], struct slice digits);
