#include "callflow/heard.h"

#define MS_PER_CHARACTER 65 /* telephone English, for what has no times */

static size_t by_times(const struct heard_segment *segment, uint32_t played_ms)
{
    size_t bytes = 0;
    for (size_t i = 0; i < segment->character_count; i++) {
        if (segment->characters[i].start_ms >= played_ms)
            break;
        bytes += segment->characters[i].bytes;
    }
    return bytes;
}

static size_t by_estimate(const struct heard_segment *segment, uint32_t played_ms)
{
    if (segment->is_all_audio && segment->audio_ms)
        return (size_t)((uint64_t)segment->text.len * played_ms / segment->audio_ms);
    return played_ms / MS_PER_CHARACTER;
}

static bool is_boundary(struct slice text, size_t at)
{
    return at == 0 || at >= text.len || text.data[at] == ' ' || text.data[at - 1] == ' ';
}

/* Back to the end of the last whole word. */
static size_t to_word(struct slice text, size_t bytes)
{
    while (!is_boundary(text, bytes))
        bytes--;
    while (bytes && bytes < text.len && text.data[bytes - 1] == ' ')
        bytes--;
    return bytes;
}

struct heard heard_cut(const struct heard_segment *segment, uint32_t played_ms)
{
    if (segment->is_all_audio && played_ms >= segment->audio_ms)
        return (struct heard){.bytes = segment->text.len};
    bool has_times = segment->character_count > 0;
    size_t bytes = has_times ? by_times(segment, played_ms) : by_estimate(segment, played_ms);
    if (bytes > segment->text.len)
        bytes = segment->text.len;
    return (struct heard){
        .bytes = to_word(segment->text, bytes), .is_estimate = !has_times && played_ms > 0};
}
