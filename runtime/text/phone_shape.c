#include "text/phone_shape.h"

#include <ctype.h>
#include <string.h>

#define GROUPS_MAX 24
#define DIGITS_MIN 7
#define DIGITS_RUN_MAX 16  /* one run longer than a card number is some machine's id */
#define DIGITS_PLUS_MAX 15 /* E.164 */
#define DIGITS_NORTH_AMERICAN 11

enum separator { SEPARATOR_NONE, SEPARATOR_BLANK, SEPARATOR_DASH, SEPARATOR_DOT, SEPARATOR_COMMA };

struct group {
    size_t start; /* of its first digit, or of the sign or parenthesis before it */
    size_t digits_start;
    size_t end;
    unsigned digits;
    enum separator before; /* what joins it to the group before */
    bool is_barred;        /* belongs to a date, a time, an amount, an id */
};

struct groups {
    struct slice text;
    struct group list[GROUPS_MAX];
    unsigned count;
    bool has_plus;
    bool has_parenthesis;
};

static char char_at(struct slice text, size_t at)
{
    return at < text.len ? text.data[at] : 0;
}

static bool is_digit_at(struct slice text, size_t at)
{
    return isdigit((unsigned char)char_at(text, at));
}

static bool is_at(struct slice text, size_t at, const char *what)
{
    size_t len = strlen(what);
    return at <= text.len && text.len - at >= len && memcmp(text.data + at, what, len) == 0;
}

static unsigned digits_at(struct slice text, size_t at)
{
    unsigned count = 0;
    while (is_digit_at(text, at + count))
        count++;
    return count;
}

/* The caller knows that `digits` digits are there. */
static unsigned value_at(struct slice text, size_t at, unsigned digits)
{
    unsigned value = 0;
    for (unsigned i = 0; i < digits && i < 9; i++)
        value = value * 10 + (unsigned)(text.data[at + i] - '0');
    return value;
}

static bool is_year(unsigned value)
{
    return value >= 1900 && value <= 2099;
}

static bool is_month_day(unsigned a, unsigned b)
{
    return a >= 1 && b >= 1 && a <= 31 && b <= 31 && (a <= 12 || b <= 12);
}

/* "2026-12-01", "12/01/2026", "1.12.2026": bytes, or 0. */
static size_t date_length(struct slice text, size_t at)
{
    unsigned digits[3], values[3];
    size_t where = at;
    char separator = 0;
    for (unsigned i = 0; i < 3; i++) {
        digits[i] = digits_at(text, where);
        if (digits[i] < 1 || digits[i] > 4)
            return 0;
        values[i] = value_at(text, where, digits[i]);
        where += digits[i];
        if (i == 2)
            break;
        char c = char_at(text, where++);
        if ((c != '-' && c != '/' && c != '.') || (separator && c != separator))
            return 0;
        separator = c;
    }
    bool year_first = digits[0] == 4 && is_year(values[0]) && digits[1] <= 2 && digits[2] <= 2 &&
                      is_month_day(values[1], values[2]) && values[1] <= 12;
    bool year_last = digits[2] == 4 && is_year(values[2]) && digits[0] <= 2 && digits[1] <= 2 &&
                     is_month_day(values[0], values[1]);
    return year_first || year_last ? where - at : 0;
}

/* "192.168.1.10", with or without a port: bytes, or 0. */
static size_t ipv4_length(struct slice text, size_t at)
{
    size_t where = at;
    for (unsigned i = 0; i < 4; i++) {
        unsigned digits = digits_at(text, where);
        if (digits < 1 || digits > 3 || value_at(text, where, digits) > 255)
            return 0;
        where += digits;
        if (i < 3 && char_at(text, where++) != '.')
            return 0;
    }
    if (char_at(text, where) == '.' && is_digit_at(text, where + 1))
        return 0;
    if (char_at(text, where) == ':' && is_digit_at(text, where + 1))
        where += 1 + digits_at(text, where + 1);
    return where - at;
}

/* One blank: space, tab, the no-break spaces. */
static size_t blank_length(struct slice text, size_t at)
{
    char c = char_at(text, at);
    if (c == ' ' || c == '\t')
        return 1;
    return is_at(text, at, "\xc2\xa0") ? 2 : is_at(text, at, "\xe2\x80\xaf") ? 3 : 0;
}

static size_t dash_length(struct slice text, size_t at)
{
    char c = char_at(text, at);
    if (c == '-' || c == '/')
        return 1;
    bool is_wide = is_at(text, at, "\xe2\x80") && at + 2 < text.len &&
                   (unsigned char)text.data[at + 2] >= 0x90 &&
                   (unsigned char)text.data[at + 2] <= 0x95;
    return is_wide ? 3 : 0;
}

static size_t skip_blanks(struct slice text, size_t at)
{
    for (unsigned i = 0; i < 3 && blank_length(text, at); i++)
        at += blank_length(text, at);
    return at;
}

/* What joins two groups; `*at` moves to the first digit of the next one. */
static enum separator separator_read(struct groups *groups, size_t *at)
{
    struct slice text = groups->text;
    size_t where = *at;
    enum separator kind = SEPARATOR_NONE;
    if (char_at(text, where) == '.') {
        kind = SEPARATOR_DOT;
        where++;
    } else if (char_at(text, where) == ',' && blank_length(text, where + 1)) {
        kind = SEPARATOR_COMMA;
        where = skip_blanks(text, where + 1);
    } else {
        size_t start = where;
        bool is_closed = char_at(text, where) == ')';
        where = skip_blanks(text, where + is_closed);
        size_t dash = dash_length(text, where);
        where = skip_blanks(text, where + dash);
        bool is_open = char_at(text, where) == '(';
        where += is_open;
        kind = where == start ? SEPARATOR_NONE : dash ? SEPARATOR_DASH : SEPARATOR_BLANK;
        if (kind && is_digit_at(text, where))
            groups->has_parenthesis |= is_closed || is_open;
    }
    if (!kind || !is_digit_at(text, where))
        return SEPARATOR_NONE;
    *at = where;
    return kind;
}

/* "x12", " ext. 12" behind a number: bytes, or 0. */
static size_t extension_length(struct slice text, size_t at)
{
    size_t where = skip_blanks(text, at);
    if (is_at(text, where, "ext"))
        where += 3;
    else if (char_at(text, where) == 'x' || char_at(text, where) == 'X')
        where += 1;
    else
        return 0;
    if (char_at(text, where) == '.')
        where++;
    where = skip_blanks(text, where);
    unsigned digits = digits_at(text, where);
    return digits && digits <= 6 ? where + digits - at : 0;
}

static bool is_glued(struct slice text, size_t end)
{
    unsigned char c = (unsigned char)char_at(text, end);
    return (isalpha(c) || c == '_') && !extension_length(text, end);
}

static bool is_clock_part(struct slice text, const struct group *group)
{
    bool begins = char_at(text, group->end) == ':' && is_digit_at(text, group->end + 1);
    size_t at = group->digits_start;
    bool goes_on = at >= 2 && text.data[at - 1] == ':' && is_digit_at(text, at - 2);
    return (begins && group->digits <= 2) || (goes_on && group->digits <= 2);
}

static bool is_after_currency(struct slice text, size_t at)
{
    return (at >= 1 && text.data[at - 1] == '$') ||
           (at >= 2 && is_at(text, at - 2, "\xc2\xa3")) ||   /* pound */
           (at >= 3 && is_at(text, at - 3, "\xe2\x82\xac")); /* euro */
}

static bool is_compact_date(struct slice text, const struct group *group)
{
    if (group->digits != 8)
        return false;
    unsigned value = value_at(text, group->digits_start, 8);
    unsigned month = value / 100 % 100;
    return is_year(value / 10000) && month <= 12 && is_month_day(month, value % 100);
}

/* "12.50" and "3.1415926" are amounts: two groups around one dot, but for "555.0123". */
static void bar_decimals(struct groups *groups)
{
    for (unsigned i = 0; i + 1 < groups->count; i++) {
        struct group *a = &groups->list[i], *b = &groups->list[i + 1];
        bool is_pair = b->before == SEPARATOR_DOT && a->before != SEPARATOR_DOT &&
                       (i + 2 == groups->count || groups->list[i + 2].before != SEPARATOR_DOT);
        if (is_pair && !(a->digits == 3 && b->digits == 4))
            a->is_barred = b->is_barred = true;
    }
}

static void groups_read(struct groups *groups, struct slice text, size_t start)
{
    *groups = (struct groups){.text = text};
    size_t at = start;
    groups->has_plus = char_at(text, at) == '+' || char_at(text, at) == '%';
    at += char_at(text, at) == '+' ? 1 : char_at(text, at) == '%' ? 3 : 0;
    if (char_at(text, at) == '(') {
        groups->has_parenthesis = true;
        at++;
    }
    size_t group_start = start;
    enum separator before = SEPARATOR_NONE;
    while (groups->count < GROUPS_MAX) {
        bool is_fresh = groups->count && before != SEPARATOR_DOT;
        if (is_fresh && (date_length(text, at) || ipv4_length(text, at)))
            break;
        unsigned digits = digits_at(text, at);
        struct group *group = &groups->list[groups->count++];
        *group = (struct group){group_start, at, at + digits, digits, before, false};
        group->is_barred = is_glued(text, group->end) || is_clock_part(text, group) ||
                           is_after_currency(text, group->start);
        at = group->end;
        before = is_glued(text, at) ? SEPARATOR_NONE : separator_read(groups, &at);
        if (!before)
            break;
        group_start = at - (text.data[at - 1] == '(');
    }
    bar_decimals(groups);
}

struct shape {
    unsigned digits;
    unsigned groups;
    unsigned singles; /* groups of one digit */
    unsigned pairs;   /* groups of two digits */
    unsigned years;
    unsigned longest;
    bool has_comma;
    bool has_dot;
};

static struct shape shape_of(const struct groups *groups, unsigned from, unsigned to)
{
    struct shape shape = {0};
    for (unsigned i = from; i <= to; i++) {
        const struct group *group = &groups->list[i];
        shape.groups++;
        shape.digits += group->digits;
        shape.singles += group->digits == 1;
        shape.pairs += group->digits == 2;
        shape.years +=
            group->digits == 4 && is_year(value_at(groups->text, group->digits_start, 4));
        shape.longest = group->digits > shape.longest ? group->digits : shape.longest;
        if (i > from) {
            shape.has_comma |= group->before == SEPARATOR_COMMA;
            shape.has_dot |= group->before == SEPARATOR_DOT;
        }
    }
    return shape;
}

/* "555-0123", "555 010 0001", "1-555-010-0001" */
static bool is_north_american(const struct groups *groups, unsigned from, unsigned to)
{
    unsigned count = to - from + 1;
    const struct group *list = &groups->list[from];
    if (count < 2 || count > 4 || list[count - 1].digits != 4 || list[count - 2].digits != 3)
        return false;
    if (count >= 3 && list[count - 3].digits != 3)
        return count == 3 && char_at(groups->text, list[0].digits_start) == '1' &&
               list[0].digits == 1;
    return count < 4 || (list[0].digits == 1 && char_at(groups->text, list[0].digits_start) == '1');
}

/* Numbers as the rest of the world groups them: "01 23 45 67 89", "20 7946 0958", "030 1234567". */
static bool is_grouped(const struct shape *shape)
{
    if (shape->has_comma || shape->singles || shape->years == shape->groups)
        return false;
    if (shape->pairs == shape->groups)
        return shape->groups >= 5;
    if (shape->has_dot)
        return shape->groups >= 3 && shape->digits >= 9;
    return shape->groups >= 3 || shape->longest >= 5 || shape->digits == 8;
}

static bool is_phone(const struct groups *groups, unsigned from, unsigned to)
{
    struct shape shape = shape_of(groups, from, to);
    const struct group *first = &groups->list[from];
    if (shape.digits < DIGITS_MIN)
        return false;
    if (from == 0 && groups->has_plus)
        return shape.digits <= (char_at(groups->text, first->digits_start) == '1'
                                       ? DIGITS_NORTH_AMERICAN
                                       : DIGITS_PLUS_MAX);
    if (shape.groups == 1)
        return shape.digits <= DIGITS_RUN_MAX && !is_compact_date(groups->text, first);
    if (is_north_american(groups, from, to) || is_grouped(&shape))
        return true;
    if (shape.singles == shape.groups || shape.singles >= 4)
        return true; /* spelled: "5 5 5, 0 1 2 3" */
    return groups->has_parenthesis && from == 0 && !shape.has_comma && !shape.has_dot;
}

/* A dotted chain is one thing: never half of it. */
static bool may_cut(const struct groups *groups, unsigned before)
{
    return before >= groups->count || groups->list[before].before != SEPARATOR_DOT;
}

static bool is_clean(const struct groups *groups, unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        if (groups->list[i].is_barred)
            return false;
    return may_cut(groups, from) && may_cut(groups, to + 1);
}

bool phone_may_start(struct slice text, size_t at)
{
    size_t where = at;
    if (char_at(text, where) == '+')
        where++;
    else if (is_at(text, where, "%2B") || is_at(text, where, "%2b"))
        where += 3;
    if (char_at(text, where) == '(')
        where++;
    return is_digit_at(text, where);
}

struct phone_span phone_find(struct slice text, size_t at)
{
    size_t keep = date_length(text, at);
    if (!keep)
        keep = ipv4_length(text, at);
    if (keep)
        return (struct phone_span){keep, 0};
    struct groups groups;
    groups_read(&groups, text, at);
    for (unsigned from = 0; from < groups.count; from++)
        for (unsigned to = groups.count; to-- > from;) {
            if (!is_clean(&groups, from, to) || !is_phone(&groups, from, to))
                continue;
            size_t start = groups.list[from].start, end = groups.list[to].end;
            return (struct phone_span){start - at, end - start + extension_length(text, end)};
        }
    return (struct phone_span){groups.list[groups.count - 1].end - at, 0};
}
