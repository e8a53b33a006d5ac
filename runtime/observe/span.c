#include "observe/span.h"

#include "observe/log.h"

const char *span_name(enum span span)
{
    static const char *const names[SPAN_COUNT] = {"MEDIA_IN", "STT_PARTIAL", "STT_FINAL",
        "TURN_COMMIT", "PROMPT", "FILLER", "LLM_START", "LLM_TOKEN", "LLM_END", "TOOL_START",
        "TOOL_END", "TTS_START", "TTS_FRAME", "TTS_END", "MEDIA_OUT"};
    return names[span];
}

void span_event(enum span span, const char *call_id, unsigned turn, uint64_t ms, const char *detail)
{
    log_info("span", "name=%s call=%s turn=%u ms=%llu detail=%s", span_name(span), call_id, turn,
        (unsigned long long)ms, detail);
}
