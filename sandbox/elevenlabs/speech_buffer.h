/* Text that waits in a context until enough of it is there to be spoken: the schedule of the service, or
   a flush. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/strbuf.h"
#include "elevenlabs/speech_input.h"

struct speech_buffer {
    struct strbuf text;
    unsigned schedule[SPEECH_SCHEDULE];
    size_t schedule_count;
    size_t generations; /* so far */
    bool is_auto;
};

void speech_buffer_init(struct speech_buffer *buffer, const struct speech_input *first,
    bool is_auto, size_t limit_bytes);
void speech_buffer_free(struct speech_buffer *buffer);
/* False: more text than the model takes. */
bool speech_buffer_add(struct speech_buffer *buffer, struct slice text);
/* What is to be spoken now: everything when flushed (or in auto mode), else whole words once the
   schedule's length is reached; empty: nothing yet. Then speech_buffer_spoken. */
struct slice speech_buffer_due(const struct speech_buffer *buffer, bool is_flushed);
void speech_buffer_spoken(struct speech_buffer *buffer, size_t len);
