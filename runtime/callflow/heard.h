/* What of a reply the caller heard: the text of its segments against the milliseconds that were
   played. With the synthesiser's character times the cut is exact to a character and then set back
   to a word's end; without them it is an estimate and says so. Pure; buffers are the caller's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct heard_character { /* one per character of the segment's text, in order */
    uint16_t bytes;
    uint32_t start_ms; /* from the segment's first audio */
};

struct heard_segment {
    struct slice text;
    const struct heard_character *characters; /* may cover only the beginning of the text */
    size_t character_count;
    uint32_t audio_ms; /* received so far */
    bool is_all_audio; /* nothing more will come */
};

struct heard {
    size_t bytes; /* of the segment's text that were heard, cut at a word's end */
    bool is_estimate;
};

struct heard heard_cut(const struct heard_segment *segment, uint32_t played_ms);
