/* Runs of digits: "five five five, oh one double oh", "555-0100", "eight hundred, fifty five five"; a telephone number when they
   have the length of one. */
#include <ctype.h>
#include <string.h>

#include "text/hint_words.h"
#include "text/phone_number.h"

#define RUN_SIZE 24
#define PHONE_DIGITS_MIN 7
#define LOCAL_DIGITS 7 /* without an area code */

struct run {
    char digits[RUN_SIZE];
    size_t len;
    size_t spoken; /* words among its items */
    size_t items;
    bool has_plus;
    bool has_long;  /* a numeral of three digits or more */
    bool has_round; /* "hundred": an amount, unless it is a telephone number */
};

static bool put(struct run *run, const char *digits, size_t len)
{
    if (run->len + len >= RUN_SIZE)
        return false;
    memcpy(run->digits + run->len, digits, len);
    run->len += len;
    run->digits[run->len] = 0;
    return true;
}

/* "555-0100", "(555)", "+1": its digits; 0: other things are in it. */
static size_t numeral_digits(const char *word, char out[RUN_SIZE])
{
    size_t len = 0;
    for (const char *at = word; *at; at++) {
        if (isdigit((unsigned char)*at) && len + 1 < RUN_SIZE)
            out[len++] = *at;
        else if (!strchr("-.()+", *at) || (*at == '+' && at != word))
            return 0;
    }
    out[len] = 0;
    return len;
}

/* "double five", "triple oh" */
static size_t repeated(const struct hint_words *words, size_t at, struct run *run)
{
    size_t times = hint_word_is(words, at, "double")   ? 2
                   : hint_word_is(words, at, "triple") ? 3
                                                       : 0;
    int digit = hint_digit(hint_word_at(words, at + 1));
    if (!times || digit == HINT_NO_VALUE)
        return 0;
    char digits[] = {(char)('0' + digit), (char)('0' + digit), (char)('0' + digit)};
    return put(run, digits, times) ? 2 : 0;
}

/* "five", "fifty", "fifty five", "eleven", "eight hundred", "two thousand" */
static size_t spoken(const struct hint_words *words, size_t at, struct run *run)
{
    int digit = hint_digit(hint_word_at(words, at)), value;
    char text[3];
    if (digit != HINT_NO_VALUE) {
        text[0] = (char)('0' + digit);
        bool is_hundred = hint_word_is(words, at + 1, "hundred");
        bool is_thousand = hint_word_is(words, at + 1, "thousand");
        if (!put(run, text, 1) || (is_hundred && !put(run, "00", 2)) ||
            (is_thousand && !put(run, "000", 3)))
            return 0;
        run->has_round |= is_hundred || is_thousand;
        return is_hundred || is_thousand ? 2 : 1;
    }
    size_t count = hint_cardinal(words, at, &value);
    if (!count || value < 10 || value > 99)
        return 0;
    text[0] = (char)('0' + value / 10);
    text[1] = (char)('0' + value % 10);
    return put(run, text, 2) ? count : 0;
}

static size_t take_item(const struct hint_words *words, size_t at, struct run *run)
{
    const char *word = hint_word_at(words, at);
    char digits[RUN_SIZE];
    size_t len = numeral_digits(word, digits);
    if (len) {
        run->has_plus |= word[0] == '+' && !run->len;
        run->has_long |= len >= 3;
        return put(run, digits, len) ? 1 : 0;
    }
    size_t count = repeated(words, at, run);
    if (!count)
        count = spoken(words, at, run);
    run->spoken += count > 0;
    return count;
}

/* What people say between digits. */
static size_t filler(const struct hint_words *words, size_t at)
{
    static const char *const list[] = {"dash", "hyphen", "then", NULL};
    size_t and_then = hint_words_are(words, at, "and then");
    return and_then ? and_then : hint_word_is_one_of(words, at, list);
}

/* From `at` on; how many words. */
static size_t read_run(const struct hint_words *words, size_t at, struct run *run)
{
    size_t end = at;
    if (hint_word_is(words, at, "plus")) {
        run->has_plus = true;
        at++;
    }
    size_t begin = end;
    for (;;) {
        struct run before = *run;
        size_t count = take_item(words, at, run);
        if (!count) {
            *run = before;
            break;
        }
        run->items++;
        at += count;
        end = at;
        if (words->list[end - 1].ends_sentence && run->len >= PHONE_DIGITS_MIN)
            break;
        at += filler(words, at);
    }
    return end - begin;
}

/* Two words that are one number ("twenty five") are an amount, not digits; "fifty fifty" and "twenty twenty" are sayings. */
static bool is_code(const struct run *run)
{
    bool is_saying = run->spoken && (!strcmp(run->digits, "5050") || !strcmp(run->digits, "2020"));
    bool is_read_out = run->items >= 3 || (run->items >= 2 && run->len >= 4 && !is_saying);
    return run->len >= 3 && (run->has_long || is_read_out);
}

size_t hint_match_digits(
    const struct hint_words *words, size_t at, struct slice country, struct hint *out)
{
    struct run run = {0};
    size_t count = read_run(words, at, &run);
    char number[PHONE_NUMBER_SIZE], text[RUN_SIZE + 2];
    if (!count || !is_code(&run))
        return 0;
    text[0] = '+';
    strcpy(text + run.has_plus, run.digits);
    bool is_number = run.len >= PHONE_DIGITS_MIN &&
                     phone_number_read(number, slice_from(text), country) == ERR_OK;
    if (is_number && (number[0] == '+' || run.len == LOCAL_DIGITS)) {
        out->kind = HINT_PHONE;
        out->is_uncertain = number[0] != '+';
        strcpy(out->value, number);
        return count;
    }
    if (run.has_round)
        return 0;
    out->kind = HINT_DIGITS;
    strcpy(out->value, run.digits);
    return count;
}
