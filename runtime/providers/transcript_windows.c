#include "providers/transcript_windows.h"

#include <string.h>

#include "text/words.h"

#define SHIFT_MOST 2 /* words that a window may have more or fewer than the one before */

void windows_begin(struct transcript_windows *windows, uint32_t start_ms)
{
    *windows = (struct transcript_windows){
        .start_ms = start_ms, .anchor_ms = start_ms, .asked_ms = start_ms};
    strbuf_init(&windows->settled, WINDOW_TEXT_BYTES);
    strbuf_init(&windows->stable, WINDOW_TEXT_BYTES);
    strbuf_init(&windows->newest, WINDOW_TEXT_BYTES);
    strbuf_init(&windows->shown, 2 * WINDOW_TEXT_BYTES);
}

void windows_free(struct transcript_windows *windows)
{
    strbuf_free(&windows->settled);
    strbuf_free(&windows->stable);
    strbuf_free(&windows->newest);
    strbuf_free(&windows->shown);
}

/* --- words --- */

static bool is_same_word(struct slice a, struct slice b)
{
    return slice_equal(a, b) || words_are(a, b);
}

struct slice windows_next_word(struct slice *rest)
{
    static const char blanks[] = " \t\r\n";
    while (rest->len && memchr(blanks, rest->data[0], sizeof blanks - 1))
        *rest = (struct slice){rest->data + 1, rest->len - 1};
    struct slice word = {rest->data, 0};
    while (word.len < rest->len && !memchr(blanks, word.data[word.len], sizeof blanks - 1))
        word.len++;
    *rest = (struct slice){rest->data + word.len, rest->len - word.len};
    return word;
}

size_t windows_count_words(struct slice text)
{
    size_t count = 0;
    while (windows_next_word(&text).len)
        count++;
    return count;
}

static struct slice word_at(struct slice text, size_t index)
{
    struct slice word = windows_next_word(&text);
    while (word.len && index--)
        word = windows_next_word(&text);
    return word;
}

/* Words [from, to) of `text` behind what `out` has. */
static void add_words(struct strbuf *out, struct slice text, size_t from, size_t to)
{
    struct slice word;
    for (size_t i = 0; i < to && (word = windows_next_word(&text)).len; i++) {
        if (i < from)
            continue;
        if (out->len)
            strbuf_add_char(out, ' ');
        strbuf_add_slice(out, word);
    }
}

/* How many words of `a` from `a_from` on are those of `b` from `b_from` on. */
static size_t agreed_words(struct slice a, size_t a_from, struct slice b, size_t b_from)
{
    size_t agreed = 0;
    while (a_from--)
        (void)windows_next_word(&a);
    while (b_from--)
        (void)windows_next_word(&b);
    for (;;) {
        struct slice one = windows_next_word(&a), other = windows_next_word(&b);
        if (!one.len || !other.len || !is_same_word(one, other))
            return agreed;
        agreed++;
    }
}

/* How many words of `text` are the stable ones: as many, unless the last of them stands a little elsewhere. */
static size_t stable_within(const struct transcript_windows *windows, struct slice text)
{
    struct slice stable = strbuf_slice(&windows->stable);
    size_t count = windows_count_words(stable);
    if (!count)
        return 0;
    struct slice last = word_at(stable, count - 1);
    for (size_t shift = 0; shift <= SHIFT_MOST; shift++) {
        if (is_same_word(word_at(text, count - 1 + shift), last))
            return count + shift;
        if (count > shift && is_same_word(word_at(text, count - 1 - shift), last))
            return count - shift;
    }
    return count;
}

/* --- windows --- */

bool windows_is_due(const struct transcript_windows *windows, uint32_t now_ms, unsigned window_ms)
{
    return now_ms - windows->asked_ms >= window_ms &&
           now_ms - windows->anchor_ms <= WINDOW_LIMIT_MS;
}

static uint32_t with_overlap(const struct transcript_windows *windows, uint32_t at_ms)
{
    return at_ms - windows->start_ms > WINDOW_OVERLAP_MS ? at_ms - WINDOW_OVERLAP_MS
                                                         : windows->start_ms;
}

struct window_span windows_ask(struct transcript_windows *windows, uint32_t now_ms)
{
    windows->asked_ms = now_ms;
    return (struct window_span){with_overlap(windows, windows->anchor_ms), now_ms};
}

/* Everything stable, then words [from, …) of `text`. True: that is new. */
static bool show(struct transcript_windows *windows, struct slice text, size_t from)
{
    struct slice settled = strbuf_slice(&windows->settled), stable = strbuf_slice(&windows->stable);
    struct strbuf shown;
    strbuf_init(&shown, 2 * WINDOW_TEXT_BYTES);
    add_words(&shown, settled, 0, settled.len);
    add_words(&shown, stable, 0, stable.len);
    add_words(&shown, text, from, text.len);
    bool is_new = !slice_equal(strbuf_slice(&shown), strbuf_slice(&windows->shown));
    strbuf_free(&windows->shown);
    windows->shown = shown;
    return is_new;
}

/* What ended within the overlap is the last settled word again. Reckoned times cannot tell, and a digit lost is worse than a
   word said twice. */
static size_t words_heard_before(const struct transcript_windows *windows,
    const struct stt_word *words, size_t count, bool is_estimated)
{
    bool is_behind_seam = windows->anchor_ms > windows->start_ms;
    return is_behind_seam && !is_estimated && count && words[0].end_ms <= windows->anchor_ms;
}

bool windows_take(struct transcript_windows *windows, struct slice text,
    const struct stt_word *words, size_t count, bool is_estimated)
{
    size_t skip = words_heard_before(windows, words, count, is_estimated);
    for (size_t i = 0; i < skip; i++)
        (void)windows_next_word(&text);
    words += skip;
    count -= skip;
    struct slice newest = strbuf_slice(&windows->newest);
    size_t known = stable_within(windows, text);
    size_t agreed = known + agreed_words(newest, stable_within(windows, newest), text, known);
    if (agreed > known && agreed <= count) {
        add_words(&windows->stable, text, known, agreed);
        windows->stable_end_ms = words[agreed - 1].end_ms;
        known = agreed;
    }
    strbuf_clear(&windows->newest);
    strbuf_add_slice(&windows->newest, text);
    return show(windows, text, known);
}

struct slice windows_partial(const struct transcript_windows *windows)
{
    return strbuf_slice(&windows->shown);
}

/* --- seams --- */

bool windows_wants_seam(const struct transcript_windows *windows, uint32_t *near_ms)
{
    *near_ms = windows->stable_end_ms;
    return windows->asked_ms - windows->anchor_ms > WINDOW_MOST_MS && windows->stable.len &&
           windows->stable_end_ms > windows->anchor_ms;
}

void windows_cut(struct transcript_windows *windows, uint32_t at_ms)
{
    struct slice stable = strbuf_slice(&windows->stable);
    add_words(&windows->settled, stable, 0, stable.len);
    strbuf_clear(&windows->stable);
    strbuf_clear(&windows->newest);
    windows->anchor_ms = at_ms;
    if (windows->seam_count < WINDOW_SEAMS)
        windows->seam_count++;
    else
        for (size_t i = 1; i < WINDOW_SEAMS; i++)
            windows->seams[i - 1] = windows->seams[i];
    windows->seams[windows->seam_count - 1] = (struct window_seam){at_ms, windows->settled.len};
}

struct window_final windows_final(
    const struct transcript_windows *windows, uint32_t end_ms, uint32_t oldest_ms)
{
    uint32_t start_ms = windows->start_ms > oldest_ms ? windows->start_ms : oldest_ms;
    struct window_final whole = {.span = {start_ms, end_ms}};
    bool is_all_kept = start_ms == windows->start_ms;
    if (is_all_kept && end_ms - start_ms <= WINDOW_WHOLE_MS)
        return whole;
    struct window_final last = whole;
    for (size_t i = 0; i < windows->seam_count; i++) {
        struct window_seam seam = windows->seams[i];
        uint32_t from_ms = with_overlap(windows, seam.at_ms);
        if (from_ms < oldest_ms) { /* of the audio only what is kept, of the words all there are */
            last.settled_len = seam.settled_len;
            continue;
        }
        last = (struct window_final){{from_ms, end_ms}, seam.settled_len};
        if (end_ms - from_ms <= WINDOW_WHOLE_MS)
            break;
    }
    return last;
}
