#include "elevenlabs/speech_buffer.h"

#include <string.h>

static const unsigned usual_schedule[] = {120, 160, 250, 290};

void speech_buffer_init(struct speech_buffer *buffer, const struct speech_input *first,
    bool is_auto, size_t limit_bytes)
{
    *buffer = (struct speech_buffer){.is_auto = is_auto};
    strbuf_init(&buffer->text, limit_bytes);
    bool is_given = first->schedule_count > 0;
    buffer->schedule_count =
        is_given ? first->schedule_count : sizeof usual_schedule / sizeof *usual_schedule;
    memcpy(buffer->schedule, is_given ? first->schedule : usual_schedule,
        buffer->schedule_count * sizeof *usual_schedule);
}

void speech_buffer_free(struct speech_buffer *buffer)
{
    strbuf_free(&buffer->text);
}

bool speech_buffer_add(struct speech_buffer *buffer, struct slice text)
{
    strbuf_add_slice(&buffer->text, text);
    return !buffer->text.failed;
}

struct slice speech_buffer_due(const struct speech_buffer *buffer, bool is_flushed)
{
    struct slice text = strbuf_slice(&buffer->text);
    if (!slice_trim(text).len)
        return (struct slice){"", 0};
    if (is_flushed || buffer->is_auto)
        return text;
    size_t step = buffer->generations < buffer->schedule_count ? buffer->generations
                                                               : buffer->schedule_count - 1;
    if (text.len < buffer->schedule[step])
        return (struct slice){"", 0};
    while (text.len && text.data[text.len - 1] != ' ')
        text.len--;
    return text;
}

void speech_buffer_spoken(struct speech_buffer *buffer, size_t len)
{
    strbuf_drop_front(&buffer->text, len);
    buffer->generations++;
}
