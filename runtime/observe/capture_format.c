#include "observe/capture_format.h"

#include "base/hex.h"
#include "base/varint.h"

const char *capture_kind_name(uint64_t kind)
{
    static const char *const names[] = {NULL, "HEADER", "MEDIA_IN", "MEDIA_OUT", "CLEAR",
        "MARK_OUT", "MARK_IN", "KEY", "VAD", "JITTER", "STT", "LLM", "TTS", "SCRIPT_ASKED",
        "SCRIPT_ANSWERED", "STEP", "SPAN", "NOTE", "LOST", "END"};
    return kind < sizeof names / sizeof *names ? names[kind] : NULL;
}

void capture_record_add(
    struct strbuf *out, enum capture_kind kind, int64_t since_ms, struct slice content)
{
    varint_add(out, kind);
    varint_add(out, varint_zigzag(since_ms));
    varint_add_text(out, content);
}

bool capture_record_take(struct slice *rest, uint64_t *at_ms, struct capture_record *record)
{
    struct slice after = *rest, content;
    uint64_t kind, since_ms;
    if (!varint_take(&after, &kind) || !varint_take(&after, &since_ms) ||
        !varint_take_text(&after, &content) || kind > INT32_MAX ||
        content.len > CAPTURE_CONTENT_MAX_BYTES)
        return false;
    *at_ms += (uint64_t)varint_unzigzag(since_ms);
    *record = (struct capture_record){(enum capture_kind)kind, *at_ms, content};
    *rest = after;
    return true;
}

bool capture_key_parse(uint8_t key[CAPTURE_KEY_BYTES], struct slice digits)
{
    if (digits.len != 2 * CAPTURE_KEY_BYTES)
        return false;
    for (size_t i = 0; i < CAPTURE_KEY_BYTES; i++) {
        int high = hex_value(digits.data[2 * i]), low = hex_value(digits.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
