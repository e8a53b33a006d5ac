#include "text/redact_run.h"

#include <string.h>

#include "text/phone_groups.h"

#define PHONE_DIGITS_MIN 7
#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19
#define CARD_DIGITS_NAMED 4 /* a card's first group, after "card number" */
#define NAMED_DIGITS_MIN 3
#define BIRTH_DIGITS_MAX 8
#define BETWEEN_MAX 3 /* "and then uh" */

struct reader {
    struct slice text;
    struct redact_run *run;
    size_t row; /* single digits in a row up to here */
};

static bool put(struct reader *reader, char digit, size_t times)
{
    struct redact_run *run = reader->run;
    if (run->count + times > RUN_DIGITS_MAX)
        return false;
    memset(run->digits + run->count, digit, times);
    run->count += times;
    return true;
}

static void count_row(struct reader *reader, bool is_single)
{
    reader->row = is_single ? reader->row + 1 : 0;
    if (reader->row > reader->run->singles)
        reader->run->singles = reader->row;
}

static bool put_figures(struct reader *reader, const struct redact_word *word)
{
    struct redact_run *run = reader->run;
    if (word->is_amount || run->count + word->count_digits > RUN_DIGITS_MAX ||
        groups_date_or_address(reader->text, word->start))
        return false;
    memcpy(run->digits + run->count, reader->text.data + word->start, word->count_digits);
    run->count += word->count_digits;
    if (word->count_digits > run->longest)
        run->longest = word->count_digits;
    count_row(reader, word->count_digits == 1);
    return true;
}

static bool put_value(struct reader *reader, unsigned value)
{
    return put(reader, (char)('0' + value / 10), 1) && put(reader, (char)('0' + value % 10), 1);
}

/* "double five" */
static bool put_repeated(struct reader *reader, const struct redact_word *word, size_t *end)
{
    struct redact_word digit;
    if (!redact_word_next(reader->text, word->end, &digit) || digit.value > 9 ||
        (digit.sense != SENSE_DIGIT && (digit.sense != SENSE_NUMERAL || digit.count_digits != 1)))
        return false;
    *end = digit.end;
    reader->run->has_repeat = true;
    return put(reader, (char)('0' + digit.value), word->value);
}

static bool put_tens(struct reader *reader, const struct redact_word *word, size_t *end)
{
    struct redact_word unit;
    bool has_unit = redact_word_read(reader->text, word->end, &unit) && unit.sense == SENSE_DIGIT &&
                    unit.value > 0 && unit.before != JOINT_NONE;
    if (has_unit)
        *end = unit.end;
    return put_value(reader, word->value + (has_unit ? unit.value : 0));
}

/* One thing that stands for digits; `*end` is behind it. False: it is none. */
static bool put_item(struct reader *reader, const struct redact_word *word, size_t *end)
{
    struct redact_run *run = reader->run;
    *end = word->end;
    if (word->sense == SENSE_NUMERAL)
        return put_figures(reader, word);
    bool is_single = word->sense == SENSE_DIGIT, is_put = false;
    if (is_single)
        is_put = put(reader, (char)('0' + word->value), 1);
    else if (word->sense == SENSE_PAIR)
        is_put = put_value(reader, word->value);
    else if (word->sense == SENSE_TENS)
        is_put = put_tens(reader, word, end);
    else if (word->sense == SENSE_REPEAT)
        is_put = put_repeated(reader, word, end);
    else if (word->sense == SENSE_ROUND && run->count)
        is_put = put(reader, '0', word->value);
    if (!is_put)
        return false;
    run->words++;
    run->has_zero_word |= is_single && word->value == 0;
    run->has_round |= word->sense == SENSE_ROUND;
    count_row(reader, is_single);
    return true;
}

static bool is_between(const struct redact_word *word)
{
    if (word->sense == SENSE_STOP) /* "let me see", "hang on" */
        return word->value == STOP_PERSON || word->value == STOP_ON;
    return word->sense == SENSE_THEN || word->sense == SENSE_JOINT || word->sense == SENSE_DOT ||
           (word->sense == SENSE_SPELLING && word->value);
}

/* The next word of the run, past what people say between digits. */
static bool next_item(struct slice text, size_t at, struct redact_word *out)
{
    for (unsigned i = 0; i <= BETWEEN_MAX; i++) {
        if (!redact_word_next(text, at, out) || out->before == JOINT_NONE)
            return false;
        if (!is_between(out))
            return true;
        at = out->end;
    }
    return false;
}

/* "extension four two" */
static void read_extension(struct reader *reader)
{
    struct redact_word word;
    size_t end = reader->run->end;
    size_t written =
        reader->run->count < PHONE_DIGITS_MIN ? 0 : groups_extension(reader->text, end);
    reader->run->end += written;
    if (written || reader->run->count < PHONE_DIGITS_MIN ||
        !redact_word_next(reader->text, end, &word) || word.sense != SENSE_EXTENSION)
        return;
    struct redact_run extension = {.count = 0};
    struct reader inner = {reader->text, &extension, 0};
    while (next_item(reader->text, word.end, &word) && put_item(&inner, &word, &word.end))
        reader->run->end = word.end;
}

void redact_run_read(struct slice text, const struct redact_word *first, struct redact_run *out)
{
    *out = (struct redact_run){.end = first->start};
    struct reader reader = {text, out, 0};
    struct redact_word word = *first;
    if (word.sense == SENSE_PLUS) {
        out->has_plus = true;
        if (!redact_word_next(text, word.end, &word))
            return;
    }
    out->has_plus |= word.start > 0 && text.data[word.start - 1] == '+';
    size_t end;
    while (put_item(&reader, &word, &end)) {
        out->end = end;
        if (!next_item(text, end, &word))
            break;
    }
    out->digits[out->count] = 0;
    read_extension(&reader);
    out->is_at_end = !redact_word_read(text, out->end, &word) && text.len - out->end < 4;
}

const char *redact_digits_label(size_t count, char first)
{
    bool is_card =
        count >= CARD_DIGITS_MIN && count <= CARD_DIGITS_MAX && first >= '2' && first <= '6';
    return is_card ? "[card]" : "[phone]";
}

/* Nobody says a time, an amount or a year digit by digit, and figures by threes are an area code. */
static bool is_read_out(const struct redact_run *run)
{
    return run->singles >= 3 || run->has_repeat || (run->has_zero_word && run->count >= 5) ||
           run->longest == 3;
}

/* "911", "four one one" */
static bool is_service(const struct redact_run *run)
{
    static const char *const list[] = {
        "911", "411", "311", "211", "112", "999", "988", "110", NULL};
    return slice_is_one_of(slice_from(run->digits), list);
}

static bool is_unnamed_number(const struct redact_run *run)
{
    if (!run->words)
        return run->count >= PHONE_DIGITS_MIN && run->singles == run->count;
    if (run->has_plus)
        return run->count >= PHONE_DIGITS_MIN;
    bool is_card = redact_digits_label(run->count, run->digits[0])[1] == 'c'; /* in pairs too */
    return run->count >= PHONE_DIGITS_MIN &&
           ((is_read_out(run) && (run->words >= 2 || run->singles >= 3)) || is_card);
}

static bool is_phone_named(const struct redact_run *run, const struct named *named)
{
    if (run->has_round && run->count < PHONE_DIGITS_MIN)
        return false;
    bool is_beginning = run->is_at_end && run->count == 2 && run->singles == 2;
    if (is_service(run))
        return false;
    if (named->cue == CUE_CALL)
        return is_beginning || (is_read_out(run) && run->count >= 4);
    return (named->is_linked && is_beginning) ||
           (run->count >= NAMED_DIGITS_MIN &&
               (named->is_linked || is_read_out(run) || run->count >= 5));
}

/* "oh three oh three eighty four", "seventy one" */
static bool is_birth(const struct redact_run *run)
{
    bool is_year = run->count == 2 && run->singles == 0 && run->digits[0] >= '3';
    return is_year || (run->count >= NAMED_DIGITS_MIN && run->count <= BIRTH_DIGITS_MAX);
}

const char *redact_run_label(const struct redact_run *run, const struct named *named)
{
    const char *label = redact_digits_label(run->count, run->digits[0]);
    bool is_whole = is_unnamed_number(run);
    switch (named->cue) {
    case CUE_ORDER:
        return is_whole && (run->has_plus || label[1] == 'c') ? label : NULL;
    case CUE_CARD:
        return run->count >= CARD_DIGITS_NAMED && (is_whole || !run->has_round) ? "[card]" : NULL;
    case CUE_BIRTH:
        if (is_birth(run))
            return "[birth_date]";
        return run->count >= PHONE_DIGITS_MIN ? label : NULL;
    case CUE_PHONE:
    case CUE_CALL:
        if (is_phone_named(run, named))
            return label;
        break;
    case CUE_NONE:
    case CUE_EMAIL:
    case CUE_BIRTHDAY:
        break;
    }
    return is_whole ? label : NULL;
}
