#include "text/hints.h"

#include <stdio.h>
#include <string.h>

#include "text/hint_words.h"
#include "text/phone_number.h"

const char *hint_kind_name(enum hint_kind kind)
{
    switch (kind) {
    case HINT_PHONE:
        return "phone";
    case HINT_EMAIL:
        return "email";
    case HINT_DIGITS:
        return "digits";
    case HINT_DATE:
        return "date";
    case HINT_TIME:
        return "time";
    case HINT_LETTERS:
        return "letters";
    }
    return "";
}

/* The one that takes most words; of equals the first: an address holds digits and letters, a telephone number may look like a time. */
static size_t match(
    const struct hint_words *words, size_t at, const struct hints_place *place, struct hint *best)
{
    struct hint each[5] = {0};
    size_t counts[5] = {hint_match_email(words, at, &each[0]),
        hint_match_date(words, at, place, &each[1]), hint_match_time(words, at, &each[2]),
        hint_match_digits(words, at, place->country, &each[3]),
        hint_match_letters(words, at, &each[4])};
    size_t most = 0;
    for (size_t i = 0; i < 5; i++) {
        if (counts[i] > most) {
            most = counts[i];
            *best = each[i];
        }
    }
    return most;
}

static struct slice span(const struct hint_words *words, size_t at, size_t count)
{
    struct slice first = words->list[at].said, last = words->list[at + count - 1].said;
    return (struct slice){first.data, (size_t)(last.data + last.len - first.data)};
}

/* "area code seven one eight", before the number or behind it: one number. */
static void join_area_code(
    struct hints *hints, const struct hint_words *words, struct slice country)
{
    bool is_named = false;
    for (size_t at = 0; at < words->count; at++)
        is_named |= hint_words_are(words, at, "area code") > 0;
    for (size_t i = 0; is_named && i + 1 < hints->count; i++) {
        struct hint *first = &hints->list[i], *second = &hints->list[i + 1];
        struct hint *code = first->kind == HINT_DIGITS ? first : second;
        struct hint *rest = code == first ? second : first;
        char joined[2 * PHONE_NUMBER_SIZE], number[PHONE_NUMBER_SIZE];
        if (code->kind != HINT_DIGITS || rest->kind != HINT_PHONE || strlen(code->value) != 3 ||
            strlen(rest->value) != 7)
            continue;
        snprintf(joined, sizeof joined, "%.3s%.7s", code->value, rest->value);
        if (phone_number_read(number, slice_from(joined), country) != ERR_OK)
            continue;
        size_t len = (size_t)(second->said.data + second->said.len - first->said.data);
        *first = (struct hint){.kind = HINT_PHONE, .said = {first->said.data, len}};
        strcpy(first->value, number);
        hints->count--;
        memmove(second, second + 1, (hints->count - i - 1) * sizeof *second);
    }
}

void hints_find(struct hints *out, struct slice text, const struct hints_place *place)
{
    struct hint_words words;
    out->count = 0;
    hint_words_read(&words, text);
    for (size_t at = 0; at < words.count && out->count < HINTS_MAX;) {
        struct hint *hint = &out->list[out->count];
        size_t count = match(&words, at, place, hint);
        if (count) {
            hint->said = span(&words, at, count);
            out->count++;
        }
        at += count ? count : 1;
    }
    join_area_code(out, &words, place->country);
}
