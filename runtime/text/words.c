#include "text/words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text/spoken.h"

#define BACKCHANNEL_WORDS_MAX 4
#define PHONE_DIGITS 10 /* a North American number is complete */
#define RUN_MIN 2

/* Quotes, dashes and the ellipsis of UTF-8 are three bytes that begin with these two. */
static bool is_wide_mark(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xe2\x80", 2) == 0;
}

static bool is_inner(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Takes the punctuation off both sides. */
static struct slice strip(struct slice word)
{
    while (word.len && (!is_inner(word.data[0]) || is_wide_mark(word.data, word.len))) {
        size_t len = is_wide_mark(word.data, word.len) ? 3 : 1;
        word.data += len;
        word.len -= len;
    }
    while (word.len) {
        bool is_wide = word.len >= 3 && is_wide_mark(word.data + word.len - 3, 3);
        if (!is_wide && is_inner(word.data[word.len - 1]))
            break;
        word.len -= is_wide ? 3 : 1;
    }
    return word;
}

/* The next word without the punctuation around it; empty at the end. */
static struct slice word_next(struct slice *rest)
{
    while (rest->len) {
        while (rest->len && isspace((unsigned char)rest->data[0])) {
            rest->data++;
            rest->len--;
        }
        size_t len = 0;
        while (len < rest->len && !isspace((unsigned char)rest->data[len]))
            len++;
        struct slice word = {rest->data, len};
        rest->data += len;
        rest->len -= len;
        word = strip(word);
        if (word.len)
            return word;
    }
    return (struct slice){"", 0};
}

static bool is_backchannel_word(struct slice word)
{
    static const char *const list[] = {"mm-hmm", "mm-hm", "mmhmm", "mhm", "mm", "mmm", "hmm", "hm",
        "uh-huh", "uhuh", "uh", "huh", "yeah", "yep", "yup", "yes", "ok", "okay", "right", "sure",
        "alright", "oh", "ah", "aha", "cool", "great", "good", "nice", "fine", "perfect", NULL};
    return slice_is_one_of(word, list);
}

/* Back-channels of two words. */
static bool is_backchannel_pair(struct slice first, struct slice second)
{
    static const char *const pairs[][2] = {{"i", "see"}, {"got", "it"}, {"go", "on"},
        {"all", "right"}, {"of", "course"}, {"sounds", "good"}, {"mm", "hmm"}, {"uh", "huh"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (slice_is_nocase(first, pairs[i][0]) && slice_is_nocase(second, pairs[i][1]))
            return true;
    return false;
}

static bool is_backchannel(struct slice text)
{
    unsigned count = 0;
    struct slice word = word_next(&text);
    while (word.len) {
        struct slice after = text;
        struct slice second = word_next(&after);
        if (is_backchannel_pair(word, second)) {
            text = after;
            count++;
        } else if (!is_backchannel_word(word)) {
            return false;
        }
        count++;
        word = word_next(&text);
    }
    return count >= 1 && count <= BACKCHANNEL_WORDS_MAX;
}

static bool ends_with(struct slice text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.data + text.len - len, end, len) == 0;
}

static bool is_hanging_mark(struct slice text)
{
    return ends_with(text, ",") || ends_with(text, "...") || ends_with(text, "\xe2\x80\xa6") ||
           ends_with(text, "-") || ends_with(text, "\xe2\x80\x94") ||
           ends_with(text, "\xe2\x80\x93") || ends_with(text, ":");
}

static bool is_complete_pair(struct slice before, struct slice last)
{
    static const char *const pairs[][2] = {{"hold", "on"}, {"go", "on"}, {"come", "on"},
        {"come", "in"}, {"think", "so"}, {"hope", "so"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (slice_is_nocase(before, pairs[i][0]) && slice_is_nocase(last, pairs[i][1]))
            return true;
    return false;
}

/* Ends where nobody stops: a conjunction, an article, a preposition, a filler. */
static bool is_hanging(struct slice text, struct slice before, struct slice last)
{
    static const char *const fillers[] = {"um", "uhm", "uh", "er", "erm", NULL};
    static const char *const list[] = {"and", "or", "but", "so", "because", "if", "when", "the",
        "a", "an", "my", "your", "our", "his", "her", "their", "i", "i'm", "i'd", "i'll", "we",
        "it's", "that's", "is", "are", "was", "to", "for", "with", "from", "of", "at", "in", "on",
        "by", "about", "around", "between", "until", "like", "than", "dot", "underscore", "double",
        "triple", NULL};
    if (is_hanging_mark(text) || slice_is_one_of(last, fillers))
        return true;
    return slice_is_one_of(last, list) && !ends_with(text, "?") && !is_complete_pair(before, last);
}

/* What a word adds to a run of spelled things: characters, or 0 when it ends the run. "5-5-5" and
   "J-O-N" are spelled in one word. */
static unsigned spelled_chars(struct slice word)
{
    unsigned chars = 0;
    while (word.len) {
        struct slice part = slice_split(&word, '-');
        size_t digits = 0;
        while (digits < part.len && isdigit((unsigned char)part.data[digits]))
            digits++;
        bool is_letter = part.len == 1 && isalpha((unsigned char)part.data[0]);
        if (digits && digits == part.len)
            chars += (unsigned)digits;
        else if (is_letter || spoken_digit(part))
            chars++;
        else
            return 0;
    }
    return chars;
}

struct run {
    unsigned chars;
    unsigned words;
};

static void run_add(struct run *run, struct slice word)
{
    unsigned chars = spelled_chars(word);
    if (!chars) {
        *run = (struct run){0};
        return;
    }
    run->chars += chars;
    run->words++;
}

/* Three digits or more, or two spelled things: and not yet a whole number. "3 p m" is a time. */
static bool is_spelling(const struct run *run, struct slice before, struct slice last)
{
    bool is_half_day = slice_is_nocase(last, "m") &&
                       (slice_is_nocase(before, "a") || slice_is_nocase(before, "p"));
    if (is_half_day || run->chars >= PHONE_DIGITS)
        return false;
    return run->words >= RUN_MIN || run->chars > RUN_MIN;
}

void words_look(struct words_signals *out, struct slice text)
{
    *out = (struct words_signals){0};
    text = slice_trim(text);
    struct slice rest = text, before = {"", 0}, last = {"", 0};
    struct run run = {0};
    for (struct slice word = word_next(&rest); word.len; word = word_next(&rest)) {
        out->word_count++;
        run_add(&run, word);
        before = last;
        last = word;
    }
    if (!out->word_count)
        return;
    out->is_backchannel = is_backchannel(text);
    out->is_hanging = !out->is_backchannel && is_hanging(text, before, last);
    out->is_spelling = is_spelling(&run, before, last);
}

unsigned words_count(struct slice text)
{
    unsigned count = 0;
    while (word_next(&text).len)
        count++;
    return count;
}

/* True when `*text` begins with the phrase's words; it is moved behind them. */
static bool words_begin(struct slice *text, struct slice phrase)
{
    struct slice rest = *text;
    for (struct slice wanted = word_next(&phrase); wanted.len; wanted = word_next(&phrase)) {
        struct slice word = word_next(&rest);
        if (word.len != wanted.len || strncasecmp(word.data, wanted.data, word.len) != 0)
            return false;
    }
    *text = rest;
    return true;
}

bool words_are(struct slice text, struct slice phrase)
{
    return words_count(phrase) && words_begin(&text, phrase) && words_count(text) == 0;
}

bool words_contain(struct slice text, struct slice phrase)
{
    if (!words_count(phrase))
        return false;
    do {
        struct slice from_here = text;
        if (words_begin(&from_here, phrase))
            return true;
    } while (word_next(&text).len);
    return false;
}
