#include "text/redact_date.h"

#include <ctype.h>
#include <string.h>

#define YEAR_FIRST 1900
#define YEAR_LAST 2099
#define YEAR_PAST 2010     /* before it a whole date is somebody's birth, or as good as */
#define SHORT_YEAR_PAST 30 /* "03/03/84"; "12/01/26" is a day to come */
#define BEHIND_MAX 6       /* words between a date and "birthday" */

struct date {
    size_t end;
    bool has_day, has_month;
    unsigned year; /* 0: none */
    bool is_at_end;
};

static bool next(struct slice text, size_t at, struct redact_word *out)
{
    return redact_word_next(text, at, out) && out->before != JOINT_NONE;
}

/* Below a hundred, as figures or words; where it ends, or 0. */
static size_t read_small(struct slice text, const struct redact_word *word, unsigned *value)
{
    struct redact_word unit;
    *value = word->value;
    if (word->sense == SENSE_NUMERAL)
        return word->count_digits <= 2 && !word->is_amount ? word->end : 0;
    if (word->sense == SENSE_TENS && next(text, word->end, &unit) && unit.sense == SENSE_DIGIT &&
        unit.value) {
        *value += unit.value;
        return unit.end;
    }
    if (word->sense == SENSE_DIGIT && !word->value && next(text, word->end, &unit) &&
        unit.sense == SENSE_DIGIT) {
        *value = unit.value; /* "oh three" */
        return unit.end;
    }
    bool is_number =
        word->sense == SENSE_DIGIT || word->sense == SENSE_PAIR || word->sense == SENSE_TENS;
    return is_number ? word->end : 0;
}

/* "two thousand and one" */
static size_t read_thousand(struct slice text, size_t at, unsigned *year)
{
    struct redact_word word;
    size_t end = at;
    unsigned rest = 0;
    *year = 2000;
    if (!next(text, at, &word))
        return end;
    if (word.sense == SENSE_THEN && !next(text, word.end, &word))
        return end;
    size_t more = read_small(text, &word, &rest);
    *year += more ? rest : 0;
    return more ? more : end;
}

/* The year that `first` begins: where it ends, or 0. */
static size_t read_year(struct slice text, const struct redact_word *first, unsigned *year)
{
    struct redact_word word = *first, second;
    unsigned rest;
    if (word.is_amount)
        return 0;
    if (word.sense == SENSE_NUMERAL && word.count_digits == 4 && word.value >= YEAR_FIRST &&
        word.value <= YEAR_LAST) {
        *year = word.value;
        return word.end;
    }
    bool has_second = next(text, word.end, &second);
    if (word.sense == SENSE_DIGIT && word.value == 2 && has_second && second.sense == SENSE_ROUND &&
        second.value == 3)
        return read_thousand(text, second.end, year);
    bool is_century = (word.sense == SENSE_PAIR && word.value == 19) ||
                      (word.sense == SENSE_TENS && word.value == 20);
    size_t end = is_century && has_second ? read_small(text, &second, &rest) : 0;
    if (end && second.sense != SENSE_NUMERAL && (rest > 9 || second.value == 0)) {
        *year = word.value * 100 + rest;
        return end;
    }
    end = read_small(text, &word, &rest);
    bool is_short = end && rest > SHORT_YEAR_PAST && rest < 100 && rest % 10 != 0;
    *year = 1900 + rest;
    return is_short && word.sense != SENSE_DIGIT ? end : 0;
}

/* "third", "twenty first", "3rd", "3", "twelve": where it ends, or 0. */
static size_t read_day(struct slice text, const struct redact_word *word, bool *is_ordinal)
{
    struct redact_word unit;
    unsigned value;
    *is_ordinal = true;
    if (word->sense == SENSE_ORDINAL)
        return word->end;
    if (word->sense == SENSE_TENS && word->value <= 30 && next(text, word->end, &unit) &&
        unit.sense == SENSE_ORDINAL && unit.value < 10)
        return unit.end;
    *is_ordinal = false;
    size_t end = read_small(text, word, &value);
    return value >= 1 && value <= 31 ? end : 0;
}

static bool skip_stops(struct slice text, size_t at, struct redact_word *out)
{
    for (unsigned i = 0; i < 3; i++) { /* "of the" */
        if (!next(text, at, out))
            return false;
        if (out->sense != SENSE_STOP)
            return true;
        at = out->end;
    }
    return false;
}

static void add_year(struct slice text, struct date *date)
{
    struct redact_word word;
    bool is_there = next(text, date->end, &word) &&
                    (word.sense != SENSE_STOP || next(text, word.end, &word)); /* "march of" */
    size_t end = is_there ? read_year(text, &word, &date->year) : 0;
    date->year = end ? date->year : 0;
    date->end = end ? end : date->end;
}

/* "march third …", "march 3 …", "march nineteen eighty" */
static void month_first(struct slice text, const struct redact_word *month, struct date *out)
{
    struct redact_word word;
    bool is_ordinal;
    *out = (struct date){.end = month->end, .has_month = true};
    add_year(text, out);
    if (out->year > YEAR_FIRST && out->year < YEAR_LAST && out->year % 100 > 31)
        return; /* a day is none above 31 */
    *out = (struct date){.end = month->end, .has_month = true};
    size_t end = skip_stops(text, month->end, &word) ? read_day(text, &word, &is_ordinal) : 0;
    if (end) {
        out->has_day = true;
        out->end = end;
    }
    add_year(text, out);
}

/* "the third of march …", "9 August …", "the twenty fifth of the twelfth …" */
static bool day_first(
    struct slice text, const struct redact_word *first, bool is_named, struct date *out)
{
    struct redact_word word;
    bool is_ordinal, is_month_ordinal;
    size_t end = read_day(text, first, &is_ordinal), month_end;
    if (!end)
        return false;
    *out = (struct date){.end = end, .has_day = true};
    bool has_word = skip_stops(text, end, &word);
    if (has_word && word.sense == SENSE_MONTH) {
        out->end = word.end;
        out->has_month = true;
    } else if (has_word && is_named && is_ordinal &&
               (month_end = read_day(text, &word, &is_month_ordinal)) > 0 && is_month_ordinal) {
        out->end = month_end;
        out->has_month = true;
    } else {
        return is_named && is_ordinal;
    }
    add_year(text, out);
    return true;
}

/* Up to four figures at `*at`; how many. */
static unsigned figures(struct slice text, size_t *at, unsigned *value)
{
    unsigned count = 0;
    for (*value = 0; count < 5 && *at < text.len && isdigit((unsigned char)text.data[*at]);
         count++, ++*at)
        *value = *value * 10 + (unsigned)(text.data[*at] - '0');
    return count;
}

/* "03/03/84", "3.3.1984", "1984-03-03" */
static bool written(struct slice text, size_t at, struct date *out)
{
    unsigned counts[3], values[3];
    char sign = 0;
    for (unsigned i = 0; i < 3; i++) {
        counts[i] = figures(text, &at, &values[i]);
        if (!counts[i] || counts[i] == 3 || counts[i] > 4)
            return false;
        if (i == 2)
            break;
        char c = at < text.len ? text.data[at++] : 0;
        if ((c != '/' && c != '.' && c != '-') || (sign && c != sign))
            return false;
        sign = c;
    }
    char after = at < text.len ? text.data[at] : 0;
    bool goes_on = after && strchr("-/.:", after) && at + 1 < text.len &&
                   isdigit((unsigned char)text.data[at + 1]);
    bool is_first = counts[0] == 4;
    unsigned year = values[is_first ? 0 : 2], a = values[is_first ? 1 : 0],
             b = values[is_first ? 2 : 1];
    if (goes_on || isalnum((unsigned char)after) || after == '_' || counts[1] > 2 ||
        (is_first && counts[2] > 2) || !a || !b || a > 31 || b > 31 || (a > 12 && b > 12))
        return false;
    bool is_short = !is_first && counts[2] != 4;
    if (is_short ? counts[2] != 2 : year < YEAR_FIRST || year > YEAR_LAST)
        return false;
    unsigned full = year;
    if (is_short)
        full = sign == '/' && year > SHORT_YEAR_PAST ? 1900 + year : YEAR_LAST;
    *out = (struct date){.end = at, .has_day = true, .has_month = true, .year = full};
    return true;
}

/* "… is my birthday", "…, that's when i was born" */
static bool is_named_behind(struct slice text, size_t at)
{
    struct redact_word word, after;
    for (unsigned i = 0; i < BEHIND_MAX && next(text, at, &word); i++, at = word.end) {
        if (word.sense == SENSE_NAMES_BIRTH)
            return true;
        if (word.sense == SENSE_NAMES_BIRTHDAY)
            return !next(text, word.end, &after) || after.sense != SENSE_NAMES_PARTY;
    }
    return false;
}

static bool is_birth(struct slice text, const struct date *date, const struct named *named)
{
    bool is_whole = date->has_day && date->has_month;
    struct redact_word word;
    if (is_whole && date->year && date->year < YEAR_PAST)
        return true;
    if (named->cue == CUE_BIRTHDAY)
        return is_whole;
    if (named->cue == CUE_BIRTH)
        return is_whole || date->year || date->has_day || !next(text, date->end, &word);
    return is_whole && is_named_behind(text, date->end);
}

/* "twenty twenty one april second": only after "born" */
static bool year_first(struct slice text, const struct redact_word *first, struct date *out)
{
    struct redact_word word;
    unsigned year;
    size_t end = read_year(text, first, &year);
    if (!end || !next(text, end, &word) || word.sense != SENSE_MONTH)
        return false;
    month_first(text, &word, out);
    return true;
}

size_t redact_birth_date(
    struct slice text, const struct redact_word *first, const struct named *named)
{
    struct date date = {0};
    bool is_named = named->cue == CUE_BIRTH, is_date = true;
    if (first->sense == SENSE_NUMERAL && written(text, first->start, &date))
        return is_birth(text, &date, named) ? date.end : 0;
    if (first->sense == SENSE_MONTH)
        month_first(text, first, &date);
    else
        is_date =
            (is_named && year_first(text, first, &date)) || day_first(text, first, is_named, &date);
    return is_date && is_birth(text, &date, named) ? date.end : 0;
}
