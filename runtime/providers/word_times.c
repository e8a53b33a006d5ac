#include "providers/word_times.h"

#include <ctype.h>
#include <string.h>

#define WORD_WEIGHT 2 /* of any word, however short */
#define DIGIT_WEIGHT 4
#define PAUSE_WEIGHT 4

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next run of what is no blank; empty at the end. */
static struct slice next_word(struct slice *rest)
{
    while (rest->len && is_blank(rest->data[0])) {
        rest->data++;
        rest->len--;
    }
    struct slice word = {rest->data, 0};
    while (word.len < rest->len && !is_blank(word.data[word.len]))
        word.len++;
    rest->data += word.len;
    rest->len -= word.len;
    return word;
}

/* UTF-8 letters count once: by their first byte. */
static unsigned weight_of(struct slice word)
{
    unsigned weight = WORD_WEIGHT;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.data[i];
        if (isdigit(c))
            weight += DIGIT_WEIGHT;
        else if (isalpha(c) || c >= 0xc0)
            weight++;
    }
    return weight;
}

static unsigned pause_after(struct slice word)
{
    return word.len && strchr(".,;:?!", word.data[word.len - 1]) ? PAUSE_WEIGHT : 0;
}

/* Of all words; the pause behind the last one is none of the voice. */
static uint64_t whole_weight(struct slice text)
{
    uint64_t whole = 0;
    unsigned pause = 0;
    struct slice word;
    while ((word = next_word(&text)).len) {
        whole += pause + weight_of(word);
        pause = pause_after(word);
    }
    return whole;
}

size_t word_times_estimate(
    struct stt_word *out, size_t most, struct slice text, uint32_t start_ms, uint32_t end_ms)
{
    uint64_t whole = whole_weight(text), before = 0;
    uint64_t span_ms = end_ms > start_ms ? end_ms - start_ms : 0;
    size_t count = 0;
    struct slice word;
    while (count < most && (word = next_word(&text)).len) {
        uint64_t after = before + weight_of(word);
        out[count++] = (struct stt_word){.text = word,
            .start_ms = start_ms + (uint32_t)(span_ms * before / whole),
            .end_ms = start_ms + (uint32_t)(span_ms * after / whole)};
        before = after + pause_after(word);
    }
    return count;
}
