#include "text/hint_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- cutting ---- */

static bool is_inner(unsigned char c)
{
    return isalnum(c) || c >= 0x80;
}

/* Where a piece of text without blanks is cut once more: "3pm", "twenty-five", "s-m-i-t-h"; not "555-0100", "1st", "o'clock". */
static size_t piece_len(struct slice word)
{
    size_t digits = 0, letters = 0;
    while (digits < word.len &&
           (isdigit((unsigned char)word.data[digits]) || (digits && word.data[digits] == ':')))
        digits++;
    struct slice rest = {word.data + digits, word.len - digits};
    if (digits && (slice_is_nocase(rest, "am") || slice_is_nocase(rest, "pm") ||
                      slice_is_nocase(rest, "a.m") || slice_is_nocase(rest, "p.m")))
        return digits;
    while (letters < word.len && isalpha((unsigned char)word.data[letters]))
        letters++;
    bool is_address = memchr(word.data, '@', word.len) != NULL;
    bool is_joined = letters && !is_address && letters + 1 < word.len &&
                     word.data[letters] == '-' && isalpha((unsigned char)word.data[letters + 1]);
    bool is_spelled_digit = digits == 1 && word.len > 1 && word.data[1] == '-';
    for (size_t i = 0; is_spelled_digit && i < word.len; i++)
        is_spelled_digit = i % 2 ? word.data[i] == '-' : isdigit((unsigned char)word.data[i]) != 0;
    return is_joined ? letters : is_spelled_digit ? 1 : word.len;
}

/* "p.m." → "pm", "$40" → "$40"; everything in lower case. */
static bool fold(struct slice said, char lower[HINT_WORD_SIZE])
{
    bool has_inner_dots = said.len >= 3 && isalpha((unsigned char)said.data[0]);
    for (size_t i = 1; has_inner_dots && i < said.len; i += 2)
        has_inner_dots = said.data[i] == '.';
    size_t len = 0;
    for (size_t i = 0; i < said.len && len + 1 < HINT_WORD_SIZE; i++)
        if (!has_inner_dots || said.data[i] != '.')
            lower[len++] = (char)tolower((unsigned char)said.data[i]);
    lower[len] = 0;
    return said.len > 0 && said.len < HINT_WORD_SIZE;
}

static bool is_hesitation(struct slice said)
{
    static const char *const list[] = {"um", "uh", "uhm", "er", "erm", "hmm", NULL};
    return slice_is_one_of(said, list);
}

static void add(struct hint_words *out, struct slice said, bool ends_sentence, bool ends_clause)
{
    if (out->count == HINT_WORDS_MAX || !said.len || is_hesitation(said))
        return;
    struct hint_word *word = &out->list[out->count];
    *word = (struct hint_word){
        .said = said, .ends_sentence = ends_sentence, .ends_clause = ends_clause};
    if (!fold(said, word->lower))
        strcpy(word->lower, "?"); /* too long to be anything: it parts what is around it */
    out->count++;
}

/* What is between two blanks. */
static void take(struct hint_words *out, struct slice text)
{
    size_t end = text.len;
    bool ends_sentence = false, ends_clause = false;
    while (text.len && !is_inner((unsigned char)text.data[0]) && !strchr("+($", text.data[0])) {
        text.data++;
        text.len--;
        end--;
    }
    while (end && !is_inner((unsigned char)text.data[end - 1])) {
        ends_sentence |= strchr(".?!", text.data[end - 1]) != NULL;
        ends_clause |= strchr(".?!,;:", text.data[end - 1]) != NULL;
        end--;
    }
    struct slice word = {text.data, end};
    while (word.len && out->count < HINT_WORDS_MAX) {
        size_t len = piece_len(word);
        size_t next = len < word.len && word.data[len] == '-' ? len + 1 : len;
        add(out, (struct slice){word.data, len}, ends_sentence && next >= word.len,
            ends_clause && next >= word.len);
        word = (struct slice){word.data + next, word.len - next};
    }
}

void hint_words_read(struct hint_words *out, struct slice text)
{
    out->count = 0;
    for (size_t at = 0; at < text.len && out->count < HINT_WORDS_MAX;) {
        size_t len = 0;
        while (at + len < text.len && !isspace((unsigned char)text.data[at + len]))
            len++;
        take(out, (struct slice){text.data + at, len});
        at += len + 1;
    }
}

/* ---- looking ---- */

const char *hint_word_at(const struct hint_words *words, size_t at)
{
    return at < words->count ? words->list[at].lower : "";
}

bool hint_word_is(const struct hint_words *words, size_t at, const char *word)
{
    return strcmp(hint_word_at(words, at), word) == 0;
}

bool hint_word_is_one_of(const struct hint_words *words, size_t at, const char *const *list)
{
    for (; *list; list++)
        if (hint_word_is(words, at, *list))
            return true;
    return false;
}

size_t hint_words_are(const struct hint_words *words, size_t at, const char *phrase)
{
    size_t count = 0;
    struct slice rest = slice_from(phrase);
    while (rest.len) {
        struct slice wanted = slice_split(&rest, ' ');
        if (!slice_is(wanted, hint_word_at(words, at + count)))
            return 0;
        count++;
    }
    return count;
}

/* ---- meaning ---- */

struct value {
    const char *word;
    int value;
};

static int find(const struct value *list, const char *word)
{
    for (; list->word; list++)
        if (strcmp(list->word, word) == 0)
            return list->value;
    return HINT_NO_VALUE;
}

int hint_unit(const char *word)
{
    static const struct value list[] = {{"one", 1}, {"two", 2}, {"three", 3}, {"four", 4},
        {"five", 5}, {"six", 6}, {"seven", 7}, {"eight", 8}, {"nine", 9}, {"ten", 10},
        {"eleven", 11}, {"twelve", 12}, {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15},
        {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19}, {NULL, 0}};
    return find(list, word);
}

int hint_tens(const char *word)
{
    static const struct value list[] = {{"twenty", 20}, {"thirty", 30}, {"forty", 40},
        {"fourty", 40}, {"fifty", 50}, {"sixty", 60}, {"seventy", 70}, {"eighty", 80},
        {"ninety", 90}, {NULL, 0}};
    return find(list, word);
}

int hint_digit(const char *word)
{
    static const struct value list[] = {
        {"zero", 0}, {"oh", 0}, {"o", 0}, {"nought", 0}, {"naught", 0}, {"niner", 9}, {NULL, 0}};
    int value = hint_unit(word);
    if (word[0] && !word[1] && isdigit((unsigned char)word[0]))
        return word[0] - '0';
    return value != HINT_NO_VALUE && value < 10 ? value : find(list, word);
}

int hint_numeral(const char *word)
{
    size_t len = strspn(word, "0123456789");
    return len && !word[len] && len <= 9 ? atoi(word) : HINT_NO_VALUE;
}

int hint_month(const char *word)
{
    static const struct value list[] = {{"january", 1}, {"jan", 1}, {"february", 2}, {"feb", 2},
        {"march", 3}, {"april", 4}, {"apr", 4}, {"may", 5}, {"june", 6}, {"jun", 6}, {"july", 7},
        {"jul", 7}, {"august", 8}, {"aug", 8}, {"september", 9}, {"sep", 9}, {"sept", 9},
        {"october", 10}, {"oct", 10}, {"november", 11}, {"nov", 11}, {"december", 12}, {"dec", 12},
        {NULL, 0}};
    return find(list, word);
}

int hint_weekday(const char *word)
{
    static const struct value list[] = {{"monday", 1}, {"mon", 1}, {"tuesday", 2}, {"tues", 2},
        {"tue", 2}, {"wednesday", 3}, {"thursday", 4}, {"thurs", 4}, {"thur", 4}, {"thu", 4},
        {"friday", 5}, {"fri", 5}, {"saturday", 6}, {"sunday", 7}, {NULL, 0}};
    return find(list, word);
}

size_t hint_cardinal(const struct hint_words *words, size_t at, int *value)
{
    const char *word = hint_word_at(words, at);
    *value = hint_numeral(word);
    if (*value != HINT_NO_VALUE)
        return *value < 100 ? 1 : 0;
    *value = hint_unit(word);
    if (*value != HINT_NO_VALUE)
        return 1;
    *value = hint_tens(word);
    if (*value == HINT_NO_VALUE)
        return 0;
    int unit = hint_unit(hint_word_at(words, at + 1));
    if (unit == HINT_NO_VALUE || unit > 9 || words->list[at].ends_clause)
        return 1;
    *value += unit;
    return 2;
}

int hint_ordinal_word(const char *word)
{
    static const struct value list[] = {{"first", 1}, {"second", 2}, {"third", 3}, {"fourth", 4},
        {"fifth", 5}, {"sixth", 6}, {"seventh", 7}, {"eighth", 8}, {"ninth", 9}, {"tenth", 10},
        {"eleventh", 11}, {"twelfth", 12}, {"thirteenth", 13}, {"fourteenth", 14},
        {"fifteenth", 15}, {"sixteenth", 16}, {"seventeenth", 17}, {"eighteenth", 18},
        {"nineteenth", 19}, {"twentieth", 20}, {"thirtieth", 30}, {NULL, 0}};
    size_t len = strspn(word, "0123456789");
    if (len && len <= 2 && hint_numeral(word) == HINT_NO_VALUE) {
        const char *end = word + len;
        bool is_ending =
            !strcmp(end, "st") || !strcmp(end, "nd") || !strcmp(end, "rd") || !strcmp(end, "th");
        return is_ending ? atoi(word) : HINT_NO_VALUE;
    }
    return find(list, word);
}

size_t hint_ordinal(const struct hint_words *words, size_t at, int *value)
{
    const char *word = hint_word_at(words, at);
    int tens = hint_tens(word);
    size_t count = 1;
    *value = hint_ordinal_word(word);
    if (tens != HINT_NO_VALUE && tens <= 30) {
        int unit = hint_ordinal_word(hint_word_at(words, at + 1));
        *value = unit >= 1 && unit <= 9 && hint_tens(hint_word_at(words, at + 1)) < 0
                     ? tens + unit
                     : HINT_NO_VALUE;
        count = 2;
    }
    return *value >= 1 && *value <= 31 ? count : 0;
}
