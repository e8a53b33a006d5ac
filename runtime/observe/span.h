/* The moments of a call, each a log line "span" with call, turn and milliseconds since the call began. The names are the
   contract: the spans of its trace (live/tracing.c, docs/tracing.md) have them as events. */
#pragma once

#include <stdint.h>

enum span {
    SPAN_MEDIA_IN,
    SPAN_STT_PARTIAL,
    SPAN_STT_FINAL,
    SPAN_TURN_COMMIT,
    SPAN_PROMPT,
    SPAN_FILLER,
    SPAN_LLM_START,
    SPAN_LLM_TOKEN,
    SPAN_LLM_END,
    SPAN_TOOL_START,
    SPAN_TOOL_END,
    SPAN_TTS_START,
    SPAN_TTS_FRAME,
    SPAN_TTS_END,
    SPAN_MEDIA_OUT,
    SPAN_COUNT
};

const char *span_name(enum span span);
/* `detail` is short text for people (reason, tool name), "" for none. */
void span_event(
    enum span span, const char *call_id, unsigned turn, uint64_t ms, const char *detail);
