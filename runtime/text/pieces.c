/*
   buffer  │ taken │ the piece being looked at … │ text to come
                    at each character: sentence end? ► cut │ clause end, long enough? ► cut │ too long? ► cut at a blank
*/
#include "text/pieces.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"
#include "text/abbreviation.h"

enum verdict {
    VERDICT_NONE, /* no end here */
    VERDICT_WAIT, /* text to come decides */
    VERDICT_CLAUSE,
    VERDICT_SENTENCE,
};

void pieces_init(struct pieces *pieces)
{
    pieces->len = 0;
    pieces->taken = 0;
    pieces->is_first = true;
    pieces->is_mid = false;
    pieces->is_flushed = false;
    pieces->sentences = 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void drop(struct pieces *pieces, size_t count)
{
    pieces->len -= count;
    memmove(pieces->buffer, pieces->buffer + count, pieces->len);
}

/* What was handed out and the blanks behind it go. */
static void drop_taken(struct pieces *pieces)
{
    size_t count = pieces->taken;
    while (count < pieces->len && is_blank(pieces->buffer[count]))
        count++;
    drop(pieces, count);
    pieces->taken = 0;
}

bool pieces_add(struct pieces *pieces, struct slice text)
{
    drop_taken(pieces);
    if (text.len > sizeof pieces->buffer - pieces->len)
        return false;
    if (text.len)
        memcpy(pieces->buffer + pieces->len, text.data, text.len);
    pieces->len += text.len;
    return true;
}

void pieces_flush(struct pieces *pieces)
{
    pieces->is_flushed = true;
}

/* Bytes of a mark at the front of `text` that is one of those in `marks` (separated by blanks). */
static size_t mark_length(struct slice text, const char *marks)
{
    while (*marks) {
        size_t len = strcspn(marks, " ");
        if (len <= text.len && memcmp(text.data, marks, len) == 0)
            return len;
        marks += len + (marks[len] == ' ');
    }
    return 0;
}

static struct slice from(const struct pieces *pieces, size_t at)
{
    return (struct slice){pieces->buffer + at, pieces->len - at};
}

/* Closing quotes and brackets belong to what they close. */
static size_t skip_closers(const struct pieces *pieces, size_t at)
{
    size_t len;
    while ((len = mark_length(from(pieces, at), "\" ' ) ] * _ \xe2\x80\x9d \xe2\x80\x99")) > 0)
        at += len;
    return at;
}

/* The word whose last byte is before `end`, dots inside it included. */
static struct slice word_before(const struct pieces *pieces, size_t end)
{
    size_t start = end;
    while (start &&
           (isalnum((unsigned char)pieces->buffer[start - 1]) || pieces->buffer[start - 1] == '.'))
        start--;
    return (struct slice){pieces->buffer + start, end - start};
}

static char next_letter(const struct pieces *pieces, size_t at)
{
    while (at < pieces->len && is_blank(pieces->buffer[at]))
        at++;
    return at < pieces->len ? pieces->buffer[at] : 0;
}

/* "2." at the start of a sentence numbers what follows. */
static bool is_list_number(const struct pieces *pieces, struct slice word)
{
    if (pieces->is_mid || word.data != pieces->buffer || word.len < 1 || word.len > 2)
        return false;
    return isdigit((unsigned char)word.data[0]) && isdigit((unsigned char)word.data[word.len - 1]);
}

/* A single dot at `at`, `end` behind its closers, a blank or the text's end there. */
static enum verdict judge_dot(const struct pieces *pieces, size_t at, size_t end)
{
    struct slice word = word_before(pieces, at);
    char next = next_letter(pieces, end);
    bool is_open = !next && !pieces->is_flushed;
    if (is_list_number(pieces, word))
        return VERDICT_NONE;
    switch (abbreviation_dot(word)) {
    case DOT_END:
        return VERDICT_SENTENCE;
    case DOT_INSIDE:
        return VERDICT_NONE;
    case DOT_BEFORE_CAPITAL:
        return is_open                                                        ? VERDICT_WAIT
               : islower((unsigned char)next) || isdigit((unsigned char)next) ? VERDICT_NONE
                                                                              : VERDICT_SENTENCE;
    case DOT_BEFORE_DIGIT:
        return is_open                        ? VERDICT_WAIT
               : isdigit((unsigned char)next) ? VERDICT_NONE
                                              : VERDICT_SENTENCE;
    }
    return VERDICT_NONE;
}

/* "Well… let me see" goes on, "Well… Let me see" does not. */
static enum verdict judge_ellipsis(const struct pieces *pieces, size_t end)
{
    char next = next_letter(pieces, end);
    if (!next && !pieces->is_flushed)
        return VERDICT_WAIT;
    return islower((unsigned char)next) ? VERDICT_CLAUSE : VERDICT_SENTENCE;
}

/* Is there an end of something at `at`? `*end` is the first byte that no longer belongs to it. */
static enum verdict judge(const struct pieces *pieces, size_t at, size_t *end)
{
    struct slice text = from(pieces, at);
    if (text.data[0] == '\n') {
        *end = at + 1;
        return VERDICT_SENTENCE;
    }
    size_t run = 0, len;
    while ((len = mark_length(from(pieces, at + run), ". ! ? \xe2\x80\xa6")) > 0)
        run += len;
    size_t clause = run ? 0 : mark_length(text, ", ; : \xe2\x80\x94 \xe2\x80\x93");
    if (!run && !clause && text.data[0] == '-' && at && is_blank(pieces->buffer[at - 1]))
        clause = 1; /* a dash typed as a hyphen stands between blanks */
    if (!run && !clause)
        return VERDICT_NONE;
    *end = skip_closers(pieces, at + run + clause);
    if (*end == pieces->len && !pieces->is_flushed)
        return VERDICT_WAIT;
    if (*end < pieces->len && !is_blank(pieces->buffer[*end]))
        return VERDICT_NONE;
    if (clause)
        return VERDICT_CLAUSE;
    bool has_mark = memchr(text.data, '!', run) || memchr(text.data, '?', run);
    if (has_mark)
        return VERDICT_SENTENCE;
    return run == 1 ? judge_dot(pieces, at, *end) : judge_ellipsis(pieces, *end);
}

/* Bytes of the character at `at`; broken UTF-8 counts byte by byte. */
static size_t char_length(const struct pieces *pieces, size_t at)
{
    struct slice text = from(pieces, at);
    size_t len = utf8_length(text.data, text.len);
    return len ? len : 1;
}

struct cut {
    size_t end; /* 0: no piece yet */
    bool is_sentence;
};

/* Too long for an ear, or for the buffer: at the last blank if there is one. */
static struct cut cut_long(
    const struct pieces *pieces, size_t at, size_t last_blank, unsigned chars)
{
    if (chars > PIECE_MAX_CHARS && last_blank)
        return (struct cut){last_blank, false};
    bool is_huge = at + 4 > PIECES_ADD_MAX_BYTES;
    return (struct cut){is_huge ? at : 0, false};
}

static struct cut find_cut(const struct pieces *pieces)
{
    unsigned least = pieces->is_first ? PIECE_FIRST_CHARS : PIECE_CLAUSE_CHARS;
    size_t last_blank = 0;
    unsigned chars = 0;
    for (size_t at = 0; at < pieces->len;) {
        struct cut cut = cut_long(pieces, at, last_blank, chars);
        if (cut.end)
            return cut;
        size_t end = 0;
        switch (judge(pieces, at, &end)) {
        case VERDICT_NONE:
            break;
        case VERDICT_WAIT:
            if (pieces->len <= PIECES_ADD_MAX_BYTES)
                return (struct cut){0, false};
            break; /* rather cut than wait with a full buffer */
        case VERDICT_CLAUSE:
            if (chars + 1 >= least)
                return (struct cut){end, false};
            break;
        case VERDICT_SENTENCE:
            return (struct cut){end, true};
        }
        if (is_blank(pieces->buffer[at]))
            last_blank = at;
        /* A run of marks ("...") was judged as one, unless it is absurd. */
        do {
            at += char_length(pieces, at);
            chars++;
        } while (at < end && end < PIECES_ADD_MAX_BYTES / 2);
    }
    return (struct cut){pieces->is_flushed ? pieces->len : 0, true};
}

bool pieces_next(struct pieces *pieces, struct slice *out)
{
    drop_taken(pieces);
    struct cut cut = find_cut(pieces);
    if (!cut.end || !pieces->len)
        return false;
    *out = slice_trim((struct slice){pieces->buffer, cut.end});
    pieces->taken = cut.end;
    pieces->is_first = false;
    pieces->is_mid = !cut.is_sentence;
    pieces->sentences += cut.is_sentence;
    return true;
}
