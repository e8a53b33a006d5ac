#include "text/transcript.h"

#include <ctype.h>
#include <string.h>

/* ---- how it came ---- */

struct look {
    bool has_lower, has_upper, has_mark;
    size_t words;
};

static struct look look_at(struct slice text)
{
    struct look look = {0};
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        look.has_lower |= islower(c) || c >= 0x80;
        look.has_upper |= isupper(c) != 0;
        look.has_mark |= c && strchr(".?!,;:", c) &&
                         (i + 1 == text.len || isspace((unsigned char)text.data[i + 1]));
        look.words += !isspace(c) && (i == 0 || isspace((unsigned char)text.data[i - 1]));
    }
    return look;
}

/* "OK" and "FBI" alone are no shouting. */
static bool is_shouted(const struct look *look)
{
    return look->has_upper && !look->has_lower && !look->has_mark && look->words > 1;
}

static bool is_bare(const struct look *look)
{
    return look->has_lower && !look->has_upper && !look->has_mark;
}

/* ---- as people write ---- */

static bool takes_capital(struct slice word)
{
    static const char *const list[] = {"i", "i'm", "i'll", "i'd", "i've", "monday", "tuesday",
        "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "april",
        "june", "july", "august", "september", "october", "november", "december", NULL};
    return slice_is_one_of(word, list);
}

static bool is_question(struct slice first, struct slice second)
{
    static const char *const asking[] = {"what", "what's", "whats", "when", "when's", "where",
        "where's", "who", "who's", "why", "how", "how's", "which", "whose", NULL};
    static const char *const verbs[] = {"can", "could", "would", "will", "do", "does", "did", "is",
        "are", "was", "were", "may", "should", "have", "has", "am", "isn't", "aren't", "don't",
        "doesn't", "can't", "couldn't", "won't", "wouldn't", NULL};
    static const char *const subjects[] = {"i", "you", "we", "they", "he", "she", "it", "there",
        "that", "this", "the", "your", "my", "anybody", "anyone", "somebody", "someone", NULL};
    return slice_is_one_of(first, asking) ||
           (slice_is_one_of(first, verbs) && slice_is_one_of(second, subjects));
}

static struct slice next_word(struct slice *rest)
{
    struct slice word = {"", 0};
    while (!word.len && rest->len)
        word = slice_split(rest, ' ');
    return word;
}

static void add_word(struct strbuf *out, struct slice word, bool is_capital)
{
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.data[i];
        strbuf_add_char(out, (char)(i == 0 && is_capital ? toupper(c) : tolower(c)));
    }
}

/* `text` has single blanks. */
static void write_out(struct strbuf *out, struct slice text)
{
    struct slice rest = text;
    struct slice first = next_word(&rest), second = next_word(&rest);
    bool asks = is_question(first, second);
    rest = text;
    for (struct slice word = next_word(&rest); word.len; word = next_word(&rest)) {
        bool is_first = out->len == 0;
        if (!is_first)
            strbuf_add_char(out, ' ');
        add_word(out, word, is_first || takes_capital(word));
    }
    strbuf_add_char(out, asks ? '?' : '.');
}

static void single_blanks(struct strbuf *out, struct slice text)
{
    bool is_due = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (isspace((unsigned char)c)) {
            is_due = out->len > 0;
            continue;
        }
        bool is_mark = strchr(",.?!;:", c) && c &&
                       (i + 1 == text.len || isspace((unsigned char)text.data[i + 1]));
        if (is_due && !is_mark)
            strbuf_add_char(out, ' ');
        is_due = false;
        strbuf_add_char(out, c);
    }
}

/* Up to the first word in brackets. */
static struct slice spoken_part(struct slice text)
{
    struct slice spoken = text;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '[' && (i == 0 || text.data[i - 1] == ' ')) {
            spoken.len = i ? i - 1 : 0;
            break;
        }
    return spoken;
}

static void add_spoken(struct strbuf *out, struct slice spoken, struct slice language)
{
    struct look look = look_at(spoken);
    bool is_english = !language.len || slice_is_nocase(language, "en");
    if (is_english && (is_bare(&look) || is_shouted(&look)))
        write_out(out, spoken);
    else
        strbuf_add_slice(out, spoken);
}

void transcript_tidy(struct strbuf *out, struct slice text, struct slice language)
{
    struct strbuf single;
    strbuf_init(&single, text.len + 1);
    single_blanks(&single, text);
    struct slice tidy = strbuf_slice(&single);
    struct slice spoken = spoken_part(tidy);
    add_spoken(out, spoken, language);
    strbuf_add_slice(out, (struct slice){tidy.data + spoken.len, tidy.len - spoken.len});
    strbuf_free(&single);
}
