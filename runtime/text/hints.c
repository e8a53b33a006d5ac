#include "text/hints.h"

#include <string.h>

#include "text/hint_words.h"

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
}
