/* The first byte says what was asked for and how the answer is labelled, the rest is the answer: a transcript whose text is bounded,
   valid UTF-8 without NUL, whose words come in order and end before an hour; or none. Its windows then agree with themselves, and
   what they leave for the final lies in the utterance, whichever seams were cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "providers/openai_files_codec.h"
#include "providers/transcript_windows.h"
#include "providers/word_times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct transcript *transcript)
{
    struct slice text = strbuf_slice(&transcript->text);
    if (text.len > FILES_TEXT_BYTES || !utf8_is_valid(text.data, text.len) ||
        (text.len && memchr(text.data, 0, text.len)))
        abort();
    for (size_t i = 0; i < transcript->count; i++) {
        const struct stt_word *word = &transcript->words[i];
        if (!word->text.len || word->end_ms < word->start_ms || word->end_ms > 3600000 ||
            (i && word->start_ms < word[-1].start_ms))
            abort();
    }
}

/* The same text twice is stable: nothing after it takes any of it back. */
static void try_windows(struct slice text)
{
    static struct stt_word words[FILES_WORDS_MAX];
    struct transcript_windows windows;
    struct strbuf stable;
    strbuf_init(&stable, 2 * WINDOW_TEXT_BYTES);
    windows_begin(&windows, 0);
    size_t count = word_times_estimate(words, FILES_WORDS_MAX, text, 0, 6000);
    for (int i = 0; i < 2; i++) {
        (void)windows_ask(&windows, 6000);
        (void)windows_take(&windows, text, words, count, true);
    }
    strbuf_add_slice(&stable, strbuf_slice(&windows.stable));
    size_t other = word_times_estimate(words, FILES_WORDS_MAX, SLICE("something else"), 0, 6000);
    (void)windows_take(&windows, SLICE("something else"), words, other, true);
    struct slice partial = windows_partial(&windows);
    if (partial.len < stable.len || (stable.len && memcmp(partial.data, stable.data, stable.len)))
        abort();
    windows_free(&windows);
    strbuf_free(&stable);
}

static void check_final(const struct transcript_windows *windows, uint32_t end_ms)
{
    for (uint32_t oldest_ms = 0; oldest_ms < end_ms; oldest_ms += 7000) {
        struct window_final final = windows_final(windows, end_ms, oldest_ms);
        if (final.span.from_ms < oldest_ms || final.span.from_ms > final.span.to_ms ||
            final.span.to_ms != end_ms || final.settled_len > windows->settled.len)
            abort();
    }
}

/* A caller who says the same over and over: its own times where it has them, as a session would take them. */
static void try_seams(const struct transcript *transcript)
{
    static struct stt_word words[FILES_WORDS_MAX];
    struct transcript_windows windows;
    struct slice text = strbuf_slice(&transcript->text);
    bool is_estimated = transcript->count != windows_count_words(text);
    windows_begin(&windows, 0);
    for (uint32_t now_ms = 1500; now_ms <= 24000; now_ms += 1500) {
        uint32_t near_ms;
        struct window_span span = windows_ask(&windows, now_ms);
        if (span.from_ms > span.to_ms)
            abort();
        size_t count = is_estimated ? word_times_estimate(
                                          words, FILES_WORDS_MAX, text, span.from_ms, span.to_ms)
                                    : transcript->count;
        for (size_t i = 0; !is_estimated && i < count; i++) {
            words[i] = transcript->words[i];
            words[i].end_ms = span.from_ms + words[i].end_ms % (span.to_ms - span.from_ms + 1);
        }
        (void)windows_take(&windows, text, words, count, is_estimated);
        if (windows_wants_seam(&windows, &near_ms)) {
            if (near_ms > now_ms)
                abort();
            windows_cut(&windows, near_ms);
        }
    }
    check_final(&windows, 24000);
    windows_free(&windows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {
        "application/json", "text/html; charset=utf-8", "text/event-stream", ""};
    static struct transcript transcript;
    char code[CHAT_CODE_SIZE];
    if (!size)
        return 0;
    struct slice body = {(const char *)data + 1, size - 1};
    enum err err = files_decode(&transcript, (enum files_format)(data[0] & 3),
        slice_from(types[data[0] >> 2 & 3]), body, 0, code);
    if (err)
        return 0;
    check(&transcript);
    try_windows(strbuf_slice(&transcript.text));
    try_seams(&transcript);
    transcript_free(&transcript);
    return 0;
}
