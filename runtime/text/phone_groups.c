#include "text/phone_groups.h"

#include <ctype.h>
#include <string.h>

char groups_char(struct slice text, size_t at)
{
    return at < text.len ? text.data[at] : 0;
}

static bool is_digit_at(struct slice text, size_t at)
{
    return isdigit((unsigned char)groups_char(text, at));
}

bool groups_is_at(struct slice text, size_t at, const char *what)
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

unsigned groups_value(struct slice text, size_t at, unsigned digits)
{
    unsigned value = 0;
    for (unsigned i = 0; i < digits && i < 9; i++)
        value = value * 10 + (unsigned)(text.data[at + i] - '0');
    return value;
}

bool groups_is_year(unsigned value)
{
    return value >= 1900 && value <= 2099;
}

bool groups_is_month_day(unsigned a, unsigned b)
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
        values[i] = groups_value(text, where, digits[i]);
        where += digits[i];
        if (i == 2)
            break;
        char c = groups_char(text, where++);
        if ((c != '-' && c != '/' && c != '.') || (separator && c != separator))
            return 0;
        separator = c;
    }
    bool year_first = digits[0] == 4 && groups_is_year(values[0]) && digits[1] <= 2 &&
                      digits[2] <= 2 && groups_is_month_day(values[1], values[2]) &&
                      values[1] <= 12;
    bool year_last = digits[2] == 4 && groups_is_year(values[2]) && digits[0] <= 2 &&
                     digits[1] <= 2 && groups_is_month_day(values[0], values[1]);
    return year_first || year_last ? where - at : 0;
}

/* "192.168.1.10", with or without a port: bytes, or 0. */
static size_t ipv4_length(struct slice text, size_t at)
{
    size_t where = at;
    for (unsigned i = 0; i < 4; i++) {
        unsigned digits = digits_at(text, where);
        if (digits < 1 || digits > 3 || groups_value(text, where, digits) > 255)
            return 0;
        where += digits;
        if (i < 3 && groups_char(text, where++) != '.')
            return 0;
    }
    if (groups_char(text, where) == '.' && is_digit_at(text, where + 1))
        return 0;
    if (groups_char(text, where) == ':' && is_digit_at(text, where + 1))
        where += 1 + digits_at(text, where + 1);
    return where - at;
}

size_t groups_date_or_address(struct slice text, size_t at)
{
    size_t len = date_length(text, at);
    return len ? len : ipv4_length(text, at);
}

/* One blank: space, tab, the no-break spaces. */
static size_t blank_length(struct slice text, size_t at)
{
    char c = groups_char(text, at);
    if (c == ' ' || c == '\t')
        return 1;
    return groups_is_at(text, at, "\xc2\xa0") ? 2 : groups_is_at(text, at, "\xe2\x80\xaf") ? 3 : 0;
}

static size_t dash_length(struct slice text, size_t at)
{
    char c = groups_char(text, at);
    if (c == '-' || c == '/')
        return 1;
    bool is_wide = groups_is_at(text, at, "\xe2\x80") && at + 2 < text.len &&
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
    if (groups_char(text, where) == '.') {
        kind = SEPARATOR_DOT;
        where++;
    } else if (groups_char(text, where) == ',' && blank_length(text, where + 1)) {
        kind = SEPARATOR_COMMA;
        where = skip_blanks(text, where + 1);
    } else {
        size_t start = where;
        bool is_closed = groups_char(text, where) == ')';
        where = skip_blanks(text, where + is_closed);
        size_t dash = dash_length(text, where);
        where = skip_blanks(text, where + dash);
        bool is_open = groups_char(text, where) == '(';
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

size_t groups_extension(struct slice text, size_t at)
{
    size_t where = skip_blanks(text, at);
    if (groups_is_at(text, where, "extension"))
        where += 9;
    else if (groups_is_at(text, where, "ext"))
        where += 3;
    else if (groups_char(text, where) == 'x' || groups_char(text, where) == 'X')
        where += 1;
    else
        return 0;
    if (groups_char(text, where) == '.')
        where++;
    where = skip_blanks(text, where);
    unsigned digits = digits_at(text, where);
    return digits && digits <= 6 ? where + digits - at : 0;
}

static bool is_glued(struct slice text, size_t end)
{
    unsigned char c = (unsigned char)groups_char(text, end);
    return (isalpha(c) || c == '_') && !groups_extension(text, end);
}

static bool is_clock_part(struct slice text, const struct group *group)
{
    bool begins = groups_char(text, group->end) == ':' && is_digit_at(text, group->end + 1);
    size_t at = group->digits_start;
    bool goes_on = at >= 2 && text.data[at - 1] == ':' && is_digit_at(text, at - 2);
    return (begins && group->digits <= 2) || (goes_on && group->digits <= 2);
}

static bool is_after_currency(struct slice text, size_t at)
{
    return (at >= 1 && text.data[at - 1] == '$') ||
           (at >= 2 && groups_is_at(text, at - 2, "\xc2\xa3")) ||   /* pound */
           (at >= 3 && groups_is_at(text, at - 3, "\xe2\x82\xac")); /* euro */
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

void groups_read(struct groups *groups, struct slice text, size_t start)
{
    *groups = (struct groups){.text = text};
    size_t at = start;
    groups->has_plus = groups_char(text, at) == '+' || groups_char(text, at) == '%';
    at += groups_char(text, at) == '+' ? 1 : groups_char(text, at) == '%' ? 3 : 0;
    if (groups_char(text, at) == '(') {
        groups->has_parenthesis = true;
        at++;
    }
    size_t group_start = start;
    enum separator before = SEPARATOR_NONE;
    while (groups->count < GROUPS_MAX) {
        bool is_fresh = groups->count && before != SEPARATOR_DOT;
        if (is_fresh && groups_date_or_address(text, at))
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
