/* A captured call as a file, `<call id>.mooncap`, version 1. Pure: bytes ⇄ records; who writes and reads files is elsewhere.

     file    "MOONCAP1"  chunk…
     chunk   u32 stored length · u32 length unpacked · u8 flags · u32 CRC-32C of all that stands before it and of what is
             stored · what is stored                                                      (integers are little-endian)
     flags   1: zstd; 2: sealed with the tenant's key, after it was packed (XChaCha20-Poly1305, one nonce and tag a chunk,
             its number in the file as additional data: chunks cannot change places)
     stored  records, one after the other: varint kind · varint milliseconds since the record before (the file's first:
             since the call began, which is 0) · varint length · content

   A chunk is whole or it is not there: what a killed process leaves ends with its last whole chunk, and is read up to it.
   Content is of one of these forms: JSON (UTF-8 object); packed (varints and length-prefixed texts in the order given). The
   dictionary in HEADER gives the names of numbered kinds, so that files outlive a change of our enums: a reader goes by name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

enum capture_kind {
    CAPTURE_HEADER = 1, /* JSON, first: {"format":1,"build","call_id","call_sid","tenant_id","agent_version",
                           "started_wall_ms","direction","attempt","caller","called","settings":{…turn_settings by name},
                           "vad":{…},"jitter":{…},"names":{"turn_event":[…],"turn_action":[…],"turn_state":[…]},
                           "agent":{…what words and pieces go by: backchannels, commands, …}} */
    CAPTURE_MEDIA_IN = 2,   /* packed: the carrier's timestamp in ms · µ-law as it came, any length */
    CAPTURE_MEDIA_OUT = 3,  /* packed: ms until it is audible (by our play-out clock) · 160 bytes of µ-law as sent */
    CAPTURE_CLEAR = 4,      /* what the carrier holds was taken back */
    CAPTURE_MARK_OUT = 5,   /* packed: name */
    CAPTURE_MARK_IN = 6,    /* likewise, the carrier's echo */
    CAPTURE_KEY = 7,        /* packed: the key, told by the carrier */
    CAPTURE_VAD = 8,        /* packed: 1 start, 2 end, 3 a key heard · level of the frame in −dBov · the key, for 3 */
    CAPTURE_JITTER = 9,     /* packed: depth in ms · concealed · late · duplicate · skipped · resyncs, so far; when one changed */
    CAPTURE_STT = 10,       /* JSON: {"event":"open|ready|source|commit|partial|words|final|failed|close","item",…} */
    CAPTURE_LLM = 11,       /* JSON: {"event":"ask|source|text|restart|tool_call|done|failed|cancel","epoch",…}; ask has
                               "messages" and "tools" as sent */
    CAPTURE_TTS = 12,       /* JSON: {"event":"open|ready|source|text|audio|timings|end|failed|cancel|close","context",…};
                               audio says how many bytes came, which MEDIA_OUT has where they were heard */
    CAPTURE_SCRIPT_ASKED = 13,    /* JSON: {"kind","epoch","turn","hook","tool","arguments","state",…} */
    CAPTURE_SCRIPT_ANSWERED = 14, /* JSON: {"kind","epoch","ending","version","answer",…} */
    CAPTURE_STEP = 15, /* packed: turn_event, the state it led to, its actions, the deadline after (callflow/turn_codec.h) */
    CAPTURE_SPAN = 16, /* packed: span's name · turn · epoch · detail (observe/span.h) */
    CAPTURE_NOTE = 17, /* JSON: anything for people: a phase, a version taken, a transfer, an end's reason */
    CAPTURE_LOST = 18, /* packed: how many records are missing here: the queue was full, or the disk stood still */
    CAPTURE_END = 19   /* JSON, last: {"is_complete","lost","reason","outcome","duration_ms"} */
};

struct capture_record {
    enum capture_kind kind; /* a kind of a later version is passed over by who does not know it */
    uint64_t at_ms;         /* since the call began */
    struct slice content;   /* borrowed from the unpacked chunk */
};
