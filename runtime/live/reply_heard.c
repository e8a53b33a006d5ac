/* What was heard of a reply: its segments against what was played by now. */
#include "base/clock.h"
#include "live/call.h"

bool reply_is_spoken(const struct reply *reply)
{
    for (size_t i = 0; i < reply->segment_count; i++)
        if (!reply->segments[i].is_put)
            return false;
    bool has_any = reply->segment_count > 0 || reply->is_round_complete;
    return has_any && !reply->backlog.len && !wording_is_open(reply);
}

bool reply_was_heard(const struct call *call)
{
    const struct reply *reply = &call->reply;
    uint64_t played_ms = outbound_played_ms(call, clock_ms());
    for (size_t i = 0; i < reply->segment_count; i++)
        if (reply->segments[i].has_audio && played_ms > reply->segments[i].start_ms)
            return true;
    return false;
}

static size_t heard_of(const struct segment *segment, uint64_t played_ms, bool *is_estimate)
{
    if (!segment->has_audio || played_ms <= segment->start_ms)
        return 0;
    struct heard_segment view = {.text = strbuf_slice(&segment->text),
        .characters = segment->characters,
        .character_count = segment->character_count,
        .audio_ms = segment->audio_ms,
        .is_all_audio = segment->is_all_audio};
    struct heard heard = heard_cut(&view, (uint32_t)(played_ms - segment->start_ms));
    *is_estimate |= heard.is_estimate;
    return heard.bytes;
}

char *reply_text(struct call *call, size_t first, size_t *unheard_at, bool *is_estimate)
{
    struct reply *reply = &call->reply;
    uint64_t played_ms = outbound_played_ms(call, clock_ms());
    struct strbuf all;
    strbuf_init(&all, SEGMENTS_MAX * SEGMENT_TEXT_BYTES);
    *unheard_at = 0;
    *is_estimate = false;
    for (size_t i = first; i < reply->segment_count; i++) {
        size_t heard = heard_of(&reply->segments[i], played_ms, is_estimate);
        if (heard)
            *unheard_at = all.len + heard;
        strbuf_add_slice(&all, strbuf_slice(&reply->segments[i].text));
    }
    return strbuf_take(&all);
}
