#include "replay/packed.h"

#include "base/varint.h"

#define TIMESTAMP_MAX_MS (1ull << 53) /* what doubles of the jitter buffer count exactly */

enum err packed_media_in(struct packed_media *out, struct slice content)
{
    if (!varint_take(&content, &out->ms) || out->ms > TIMESTAMP_MAX_MS)
        return ERR_BAD;
    out->ulaw = content;
    return ERR_OK;
}

enum err packed_media_out(struct packed_media *out, struct slice content)
{
    enum err err = packed_media_in(out, content);
    return err || out->ulaw.len != FRAME_BYTES ? ERR_BAD : ERR_OK;
}

enum err packed_voice(struct packed_voice *out, struct slice content)
{
    uint64_t kind, level;
    struct slice key = {0};
    if (!varint_take(&content, &kind) || !varint_take(&content, &level) || kind < VOICE_STARTED ||
        kind > VOICE_KEY || level > 200)
        return ERR_BAD;
    bool is_key = kind == VOICE_KEY;
    if (is_key && (!varint_take_text(&content, &key) || key.len != 1))
        return ERR_BAD;
    *out = (struct packed_voice){
        (enum packed_voice_kind)kind, (unsigned)level, is_key ? key.data[0] : (char)0};
    return content.len ? ERR_BAD : ERR_OK;
}

enum err packed_jitter(struct packed_jitter *out, struct slice content)
{
    uint64_t *const numbers[] = {
        &out->depth_ms, &out->concealed, &out->late, &out->duplicate, &out->skipped, &out->resyncs};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!varint_take(&content, numbers[i]))
            return ERR_BAD;
    return content.len ? ERR_BAD : ERR_OK;
}

enum err packed_span(struct packed_span *out, struct slice content)
{
    bool is_whole = varint_take_text(&content, &out->name) && varint_take(&content, &out->turn) &&
                    varint_take(&content, &out->epoch) && varint_take_text(&content, &out->detail);
    return is_whole ? ERR_OK : ERR_BAD;
}

enum err packed_text(struct slice *out, struct slice content)
{
    return varint_take_text(&content, out) ? ERR_OK : ERR_BAD;
}

enum err packed_number(uint64_t *out, struct slice content)
{
    return varint_take(&content, out) ? ERR_OK : ERR_BAD;
}
