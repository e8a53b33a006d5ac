/* Dates: "tomorrow", "next Tuesday", "December first", "the third of May", "in two weeks", "12/1". What has no year is the next
   such day from today on. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/civil.h"
#include "text/hint_words.h"

struct found {
    int32_t day;
    bool is_uncertain;
    size_t count; /* words; 0: none */
};

static const struct found none = {0};

/* ---- a day of a month ---- */

static struct found next_such_day(int32_t today, int month, int day, size_t count)
{
    struct civil date = {civil_of(today).year, month, day};
    for (int tries = 0; tries < 5; tries++, date.year++) /* the 29th of February */
        if (civil_is(date) && civil_day(date) >= today)
            return (struct found){civil_day(date), false, count};
    return none;
}

/* "2026", "twenty twenty six", "nineteen eighty five", "two thousand twenty six"; how many words. */
static size_t read_year(const struct hint_words *words, size_t at, int *year)
{
    int rest;
    *year = hint_numeral(hint_word_at(words, at));
    if (*year >= 1900 && *year < 2100)
        return 1;
    size_t count = hint_words_are(words, at, "two thousand");
    if (count) {
        count += hint_word_is(words, at + count, "and");
        size_t more = hint_cardinal(words, at + count, &rest);
        *year = 2000 + rest;
        return more ? count + more : 0;
    }
    if (hint_tens(hint_word_at(words, at)) >= 50) { /* "eighty three"; "sixty people" is none */
        size_t short_count = hint_cardinal(words, at, &rest);
        bool is_end =
            at + short_count >= words->count || words->list[at + short_count - 1].ends_clause;
        *year = 1900 + rest;
        return short_count == 2 || is_end ? short_count : 0;
    }
    bool is_past = hint_word_is(words, at, "nineteen");
    if (!is_past && !hint_word_is(words, at, "twenty"))
        return 0;
    size_t more = hint_cardinal(words, at + 1, &rest);
    *year = (is_past ? 1900 : 2000) + rest;
    bool is_spoken = hint_numeral(hint_word_at(words, at + 1)) == HINT_NO_VALUE;
    return more && rest >= 10 && is_spoken ? 1 + more : 0;
}

static struct found with_year(
    const struct hint_words *words, size_t at, size_t count, int32_t today, int month, int day)
{
    int year;
    size_t comma = read_year(words, at + count, &year);
    struct civil date = {year, month, day};
    if (comma && civil_is(date))
        return (struct found){civil_day(date), false, count + comma};
    return next_such_day(today, month, day, count);
}

static size_t day_number(const struct hint_words *words, size_t at, int *day)
{
    size_t the = hint_word_is(words, at, "the");
    size_t count = hint_ordinal(words, at + the, day);
    if (!count && !the)
        count = hint_cardinal(words, at, day);
    return count && *day >= 1 && *day <= 31 ? the + count : 0;
}

/* "which one may I take", "I may one day": no month. */
static bool is_verb(const struct hint_words *words, size_t at)
{
    static const char *const before[] = {
        "i", "you", "we", "they", "he", "she", "it", "that", "there", "who", NULL};
    return hint_word_is(words, at, "may") && at > 0 && hint_word_is_one_of(words, at - 1, before);
}

static bool is_verb_behind(const struct hint_words *words, size_t at)
{
    static const char *const behind[] = {
        "at", "in", "for", "and", "or", "around", "after", "before", "if", "please", NULL};
    int year;
    bool is_end = at + 1 >= words->count || words->list[at].ends_clause;
    return hint_word_is(words, at, "may") && !is_end && !read_year(words, at + 1, &year) &&
           !hint_word_is_one_of(words, at + 1, behind);
}

/* "December first", "May the fourth", "dec 1" */
static struct found month_first(const struct hint_words *words, size_t at, int32_t today)
{
    int month = hint_month(hint_word_at(words, at)), day;
    size_t count = month > 0 ? day_number(words, at + 1, &day) : 0;
    bool is_abbreviated = strlen(hint_word_at(words, at)) <= 4; /* "Dec. 14th" */
    bool is_one_of = hint_word_is(words, at, "may") && hint_word_is(words, at + 1, "one");
    if (!count || is_one_of || is_verb(words, at) ||
        (words->list[at].ends_sentence && !is_abbreviated))
        return none;
    return with_year(words, at, 1 + count, today, month, day);
}

/* "the first of December", "1 December" */
static struct found day_first(const struct hint_words *words, size_t at, int32_t today)
{
    int day;
    size_t count = day_number(words, at, &day);
    if (!count)
        return none;
    size_t of = hint_word_is(words, at + count, "of");
    count += of;
    int month = hint_month(hint_word_at(words, at + count));
    return month > 0 && (of || !is_verb_behind(words, at + count))
               ? with_year(words, at, count + 1, today, month, day)
               : none;
}

/* "on the fifth": of this month, or the next. */
static struct found bare_ordinal(const struct hint_words *words, size_t at, int32_t today)
{
    static const char *const nouns[] = {"time", "one", "floor", "thing", "option", "appointment",
        "person", "of", "visit", "door", "street", "avenue", "line", "day", "week", "call", "try",
        "ring", "half", "part", "page", "place", "name", "night", "two", "few", NULL};
    int day;
    bool is_cued = hint_word_is(words, at, "the") && at > 0 &&
                   (hint_word_is(words, at - 1, "on") || hint_word_is(words, at - 1, "for") ||
                       hint_word_is(words, at - 1, "by") || hint_word_is(words, at - 1, "until"));
    size_t count = is_cued ? hint_ordinal(words, at + 1, &day) : 0;
    if (!count || hint_word_is_one_of(words, at + 1 + count, nouns))
        return none;
    struct civil date = civil_of(today);
    date.day = day;
    for (int tries = 0; tries < 3; tries++) {
        if (civil_is(date) && civil_day(date) >= today)
            return (struct found){civil_day(date), true, 1 + count};
        date.year += date.month == 12;
        date.month = date.month % 12 + 1;
    }
    return none;
}

/* ---- a day of a week ---- */

/* "since Monday", "last Friday" */
static bool is_over(const struct hint_words *words, size_t at)
{
    static const char *const before[] = {"since", "last", "past", "previous", NULL};
    return at > 0 && hint_word_is_one_of(words, at - 1, before);
}

/* "next Friday" is the one of the next week; where one is nearer, that may be meant. */
static struct found weekday(const struct hint_words *words, size_t at, int32_t today)
{
    bool is_next = hint_word_is(words, at, "next");
    bool is_this = hint_word_is(words, at, "this") || hint_word_is(words, at, "coming");
    size_t skip = is_next || is_this;
    skip += skip && hint_word_is(words, at + skip, "coming");
    int wanted = hint_weekday(hint_word_at(words, at + skip));
    if (wanted < 0)
        return none;
    int now = civil_weekday(today);
    int ahead = (wanted - now + 7) % 7;
    struct found found = {today + ahead, false, skip + 1};
    if (!skip && is_over(words, at)) /* "the last Friday of the month" is another matter */
        return hint_word_is(words, at + 1, "of") ? none : (struct found){found.day - 7, false, 1};
    if (is_next) {
        found.day = today - (now - 1) + 7 + (wanted - 1);
        found.is_uncertain = found.day != today + (ahead ? ahead : 7);
    } else if (!ahead && !is_this) {
        found.day = today + 7;
        found.is_uncertain = true;
    }
    if (hint_words_are(words, at + found.count, "after next")) {
        found.day = today - (now - 1) + 14 + (wanted - 1);
        found.is_uncertain = true;
        found.count += 2;
    } else if (hint_words_are(words, at + found.count, "of next week") && !skip) {
        found = (struct found){today - (now - 1) + 7 + (wanted - 1), false, found.count + 3};
    } else if (hint_word_is(words, at + found.count, "week") && !is_next) {
        found.day += 7; /* "Friday week" */
        found.count++;
    }
    return found;
}

/* ---- from today ---- */

static struct found named(const struct hint_words *words, size_t at, int32_t today)
{
    static const struct {
        const char *phrase;
        int ahead;
    } list[] = {{"the day after tomorrow", 2}, {"day after tomorrow", 2}, {"tomorrow", 1},
        {"today", 0}, {"tonight", 0}, {"this morning", 0}, {"this afternoon", 0},
        {"this evening", 0}, {"yesterday", -1}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        size_t count = hint_words_are(words, at, list[i].phrase);
        if (count)
            return (struct found){today + list[i].ahead, false, count};
    }
    return none;
}

static struct found holiday(const struct hint_words *words, size_t at, int32_t today)
{
    static const struct {
        const char *phrase;
        int month, day;
    } list[] = {{"christmas eve", 12, 24}, {"christmas day", 12, 25}, {"christmas", 12, 25},
        {"boxing day", 12, 26}, {"new year's eve", 12, 31}, {"new years eve", 12, 31},
        {"new year's day", 1, 1}, {"new years day", 1, 1}, {"valentine's day", 2, 14},
        {"valentines day", 2, 14}, {"halloween", 10, 31}, {"independence day", 7, 4}};
    size_t after = hint_words_are(words, at, "the day after");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        size_t count = hint_words_are(words, at + after, list[i].phrase);
        struct found found = next_such_day(today, list[i].month, list[i].day, after + count);
        found.day += after > 0;
        if (count)
            return found;
    }
    return none;
}

static size_t amount(const struct hint_words *words, size_t at, int *value)
{
    static const char *const one[] = {"a", "an", "one", NULL};
    *value = 1;
    if (hint_word_is_one_of(words, at, one))
        return 1;
    size_t couple = hint_words_are(words, at, "couple of");
    *value = 2;
    return couple ? couple : hint_cardinal(words, at, value);
}

/* "in two weeks", "two days from now", "a week from Friday", "a week from today" */
static struct found distance(const struct hint_words *words, size_t at, int32_t today)
{
    int value;
    size_t in = hint_word_is(words, at, "in");
    in += in && hint_word_is(words, at + in, "a") && hint_word_is(words, at + in + 1, "couple");
    size_t count = amount(words, at + in, &value);
    const char *unit = hint_word_at(words, at + in + count);
    int days = !strcmp(unit, "day") || !strcmp(unit, "days")     ? 1
               : !strcmp(unit, "week") || !strcmp(unit, "weeks") ? 7
                                                                 : 0;
    if (!count || !days || value > 60)
        return none;
    struct found found = {today + value * days, false, in + count + 1};
    size_t after = at + found.count;
    if (hint_words_are(words, after, "from now") || hint_words_are(words, after, "from today"))
        found.count += 2;
    else if (hint_word_is(words, after, "from")) {
        struct found base = named(words, after + 1, today);
        if (!base.count)
            base = weekday(words, after + 1, today);
        if (!base.count)
            return none;
        found.day = base.day + value * days;
        found.is_uncertain = base.is_uncertain;
        found.count += 1 + base.count;
    } else if (hint_word_is(words, after, "ago") && !in) {
        found.day = today - value * days;
        found.count++;
    } else if (!in) {
        return none;
    }
    return found;
}

/* ---- figures ---- */

static bool is_day_before_month(struct slice country)
{
    return !slice_is_nocase(country, "US") && !slice_is_nocase(country, "CA") && country.len;
}

/* The numbers of "12/01/2026"; how many, 0: something else is in it. */
static size_t split_figures(const char *word, char mark, int numbers[3])
{
    size_t count = 0;
    while (count < 3 && isdigit((unsigned char)*word)) {
        char *end;
        long value = strtol(word, &end, 10);
        if (end - word > 4)
            return 0;
        numbers[count++] = (int)value;
        word = end;
        if (!*word)
            return count;
        if (*word++ != mark)
            return 0;
    }
    return 0;
}

/* "24/7", "1/2 hour" */
static bool is_saying(const struct hint_words *words, size_t at)
{
    static const char *const measured[] = {
        "hour", "hours", "an", "a", "of", "day", "mile", "miles", "inch", "inches", "price", NULL};
    return hint_word_is(words, at, "24/7") ||
           ((hint_word_is(words, at, "1/2") || hint_word_is(words, at, "1/4") ||
                hint_word_is(words, at, "3/4")) &&
               hint_word_is_one_of(words, at + 1, measured));
}

/* Of two figures: a birthday's, or one to come. */
static int whole_year(int year)
{
    return year >= 100 ? year : year >= 50 ? 1900 + year : 2000 + year;
}

/* "12/1", "12/01/2026", "2026-12-01" */
static struct found figures(
    const struct hint_words *words, size_t at, const struct hints_place *place)
{
    const char *word = hint_word_at(words, at);
    int numbers[3] = {0};
    if (split_figures(word, '-', numbers) == 3) {
        struct civil iso = {numbers[0], numbers[1], numbers[2]};
        return iso.year >= 2000 && iso.year < 2100 && civil_is(iso)
                   ? (struct found){civil_day(iso), false, 1}
                   : none;
    }
    size_t count = split_figures(word, '/', numbers);
    if (count < 2 || is_saying(words, at))
        return none;
    bool is_swapped = is_day_before_month(place->country);
    int month = numbers[is_swapped], day = numbers[!is_swapped];
    struct civil date = {whole_year(numbers[2]), month, day};
    if (count == 3)
        return date.year >= 1900 && date.year < 2100 && civil_is(date)
                   ? (struct found){civil_day(date), false, 1}
                   : none;
    return month >= 1 && month <= 12 ? next_such_day(place->today, month, day, 1) : none;
}

/* ---- all of it ---- */

static struct found find(const struct hint_words *words, size_t at, const struct hints_place *place)
{
    int32_t today = place->today;
    struct found tries[] = {named(words, at, today), holiday(words, at, today),
        month_first(words, at, today), day_first(words, at, today), distance(words, at, today),
        weekday(words, at, today), figures(words, at, place), bare_ordinal(words, at, today)};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        if (tries[i].count)
            return tries[i];
    return none;
}

/* "Friday the fourth": the number says which; one that is no Friday may be either. */
static struct found with_number(const struct hint_words *words, size_t at,
    const struct hints_place *place, struct found weekday_found)
{
    int day;
    size_t next = at + weekday_found.count;
    size_t on = hint_word_is(words, next, "on");
    struct found date = month_first(words, next + on, place->today);
    if (!date.count)
        date = day_first(words, next + on, place->today);
    size_t count = hint_word_is(words, next, "the") ? day_number(words, next, &day) : 0;
    for (int32_t each = place->today; !date.count && count && each < place->today + 62; each++)
        if (civil_of(each).day == day)
            date = (struct found){each, false, count};
    if (!date.count)
        return weekday_found;
    date.is_uncertain = civil_weekday(date.day) != civil_weekday(weekday_found.day);
    date.count += weekday_found.count + on;
    return date;
}

size_t hint_match_date(
    const struct hint_words *words, size_t at, const struct hints_place *place, struct hint *out)
{
    struct found found = find(words, at, place);
    if (!found.count)
        return 0;
    if (weekday(words, at, place->today).count == found.count &&
        !words->list[at + found.count - 1].ends_sentence)
        found = with_number(words, at, place, found);
    struct civil date = civil_of(found.day);
    out->kind = HINT_DATE;
    out->is_uncertain = found.is_uncertain;
    snprintf(out->value, sizeof out->value, "%04d-%02d-%02d", date.year, date.month, date.day);
    return found.count;
}
