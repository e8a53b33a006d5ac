/* A call as its driver would capture it, made here: a caller who speaks over a line that is late and loses frames, an agent
   who answers. What is decided is decided by the ear and the engine of this build. */
#pragma once

#include "callflow/turn_codec.h"
#include "media/ear.h"
#include "observe/capture_format.h"

#define RECORDED_LATER_MAX 64

struct recorded_later { /* what comes by itself */
    uint64_t at_ms;
    struct turn_event event;
    const char *text; /* of a transcript */
};

struct recorded {
    struct strbuf records; /* as they stand in a chunk */
    uint64_t at_ms;        /* of the newest */
    uint64_t now_ms;
    uint32_t seed;
    struct ear ear;
    struct packed_numbers {
        uint64_t numbers[6];
    } told;
    struct turn turn;
    struct recorded_later later[RECORDED_LATER_MAX];
    unsigned later_count;
    uint32_t items;
    unsigned play_frames; /* of the agent's voice, still to be sent */
    unsigned replies;
    bool is_text_over; /* of the answer under way */
    unsigned turns;
    bool is_over;
};

void recorded_begin(struct recorded *call, const struct turn_settings *settings, uint32_t seed);
/* The caller is heard for this long; NULL: silence. */
void recorded_hear(struct recorded *call, const int16_t *pcm, size_t samples);
void recorded_put(struct recorded *call, enum capture_kind kind, struct slice content);
/* Hangs up, and makes the file. */
void recorded_end(struct recorded *call, struct strbuf *file);
void recorded_free(struct recorded *call);
/* A file of such records as they stand; sealed with a key of CAPTURE_KEY_BYTES, or NULL. */
void recorded_pack(struct strbuf *file, struct slice records, const uint8_t *key);
