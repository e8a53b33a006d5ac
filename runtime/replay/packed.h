/* Packed contents of records, read (capture_format.h says what stands in them). All say ERR_BAD to what is none. */
#pragma once

#include "media/frame.h"
#include "observe/capture_format.h"

struct packed_media {
    uint64_t ms; /* in: the carrier's timestamp; out: until it is audible */
    struct slice ulaw;
};
must_use enum err packed_media_in(struct packed_media *out, struct slice content);
must_use enum err packed_media_out(struct packed_media *out, struct slice content); /* one frame */

enum packed_voice_kind { VOICE_STARTED = 1, VOICE_ENDED = 2, VOICE_KEY = 3 };
struct packed_voice {
    enum packed_voice_kind kind;
    unsigned level; /* −dBov */
    char key;       /* of KEY; else 0 */
};
must_use enum err packed_voice(struct packed_voice *out, struct slice content);

struct packed_jitter {
    uint64_t depth_ms, concealed, late, duplicate, skipped, resyncs;
};
must_use enum err packed_jitter(struct packed_jitter *out, struct slice content);

struct packed_span {
    struct slice name, detail;
    uint64_t turn, epoch;
};
must_use enum err packed_span(struct packed_span *out, struct slice content);
must_use enum err packed_text(struct slice *out, struct slice content);
must_use enum err packed_number(uint64_t *out, struct slice content);
