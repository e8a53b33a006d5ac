#include "text/spoken.h"

#include <ctype.h>
#include <string.h>

#define PHONE_DIGITS_MIN 7
#define PHONE_WORDS_MIN 3
#define JOINTS_MAX 8

static struct slice after(struct slice text, size_t len)
{
    return (struct slice){text.data + len, text.len - len};
}

size_t spoken_word(struct slice text)
{
    size_t len = 0;
    while (len < text.len && isalpha((unsigned char)text.data[len]))
        len++;
    return len;
}

/* Blanks and light punctuation between spoken things. */
static size_t gap(struct slice text)
{
    size_t len = 0;
    while (len < text.len && len < 4 && strchr(" \t,.-", text.data[len]) && text.data[len])
        len++;
    return len;
}

unsigned spoken_digit(struct slice word)
{
    static const char *const digits[] = {"zero", "oh", "o", "one", "two", "three", "four", "five",
        "six", "seven", "eight", "nine", "nought", "naught", NULL};
    return slice_is_one_of(word, digits);
}

/* How often "double" and "triple" repeat the digit after them; 0: another word. */
static unsigned repeat(struct slice word)
{
    return slice_is_nocase(word, "double") ? 2 : slice_is_nocase(word, "triple") ? 3 : 0;
}

static size_t numerals(struct slice text)
{
    size_t len = 0;
    while (len < text.len && isdigit((unsigned char)text.data[len]))
        len++;
    return len;
}

/* One digit word, with its "double" if it has one, or a few numerals. */
static size_t digit_item(struct slice text, unsigned *digits, unsigned *words)
{
    size_t len = numerals(text);
    if (len) {
        *digits += (unsigned)len;
        return spoken_word(after(text, len)) ? 0 : len;
    }
    len = spoken_word(text);
    unsigned times = repeat((struct slice){text.data, len});
    size_t start = 0;
    if (times) {
        start = len + gap(after(text, len));
        len = start + spoken_word(after(text, start));
    }
    if (!spoken_digit((struct slice){text.data + start, len - start}))
        return 0;
    *digits += times ? times : 1;
    *words += times ? times : 1;
    return len;
}

size_t spoken_phone(struct slice text)
{
    unsigned digits = 0, words = 0;
    size_t end = 0;
    if (numerals(text))
        return 0; /* a run begins with a word: figures alone are phone_find's */
    for (size_t at = 0; at < text.len;) {
        unsigned seen_digits = digits, seen_words = words;
        size_t len = digit_item(after(text, at), &digits, &words);
        if (!len) {
            digits = seen_digits;
            words = seen_words;
            break;
        }
        end = at + len;
        at = end + gap(after(text, end));
        if (at == end)
            break;
    }
    return digits >= PHONE_DIGITS_MIN && words >= PHONE_WORDS_MIN ? end : 0;
}

/* The next word after exactly one blank, 0 when there is none; `*at` moves behind it. */
static struct slice next_word(struct slice text, size_t *at)
{
    if (*at >= text.len || text.data[*at] != ' ')
        return (struct slice){"", 0};
    struct slice rest = after(text, *at + 1);
    size_t len = 0;
    while (len < rest.len && isalnum((unsigned char)rest.data[len]))
        len++;
    if (len)
        *at += 1 + len;
    return (struct slice){rest.data, len};
}

size_t spoken_email(struct slice text)
{
    static const char *const joints[] = {"dot", "underscore", "dash", "hyphen", NULL};
    static const char *const tops[] = {
        "com", "org", "net", "edu", "gov", "io", "co", "us", "uk", "de", "ca", NULL};
    size_t at = 0;
    while (at < text.len && isalnum((unsigned char)text.data[at]))
        at++;
    if (!at)
        return 0;
    struct slice joint = next_word(text, &at);
    for (unsigned i = 0;
         i < JOINTS_MAX && slice_is_one_of(joint, joints) && next_word(text, &at).len; i++)
        joint = next_word(text, &at);
    if (!slice_is_nocase(joint, "at") || !next_word(text, &at).len)
        return 0;
    size_t end = 0;
    while (slice_is_nocase(next_word(text, &at), "dot")) {
        struct slice label = next_word(text, &at);
        if (!label.len)
            break;
        if (slice_is_one_of(label, tops))
            end = at;
    }
    return end;
}
