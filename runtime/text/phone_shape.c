#include "text/phone_shape.h"

#include <ctype.h>

#include "text/phone_groups.h"

#define DIGITS_MIN 7
#define DIGITS_RUN_MAX 16  /* one run longer than a card number is some machine's id */
#define DIGITS_PLUS_MAX 15 /* E.164 */
#define DIGITS_NORTH_AMERICAN 11

static bool is_compact_date(struct slice text, const struct group *group)
{
    if (group->digits != 8)
        return false;
    unsigned value = groups_value(text, group->digits_start, 8);
    unsigned month = value / 100 % 100;
    return groups_is_year(value / 10000) && month <= 12 && groups_is_month_day(month, value % 100);
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
        shape.years += group->digits == 4 &&
                       groups_is_year(groups_value(groups->text, group->digits_start, 4));
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
        return count == 3 && groups_char(groups->text, list[0].digits_start) == '1' &&
               list[0].digits == 1;
    return count < 4 ||
           (list[0].digits == 1 && groups_char(groups->text, list[0].digits_start) == '1');
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
        return shape.digits <= (groups_char(groups->text, first->digits_start) == '1'
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
    if (groups_char(text, where) == '+')
        where++;
    if (groups_char(text, where) == '(')
        where++;
    return isdigit((unsigned char)groups_char(text, where));
}

struct phone_span phone_find(struct slice text, size_t at)
{
    size_t keep = groups_date_or_address(text, at);
    if (keep)
        return (struct phone_span){keep, 0};
    struct groups groups;
    groups_read(&groups, text, at);
    for (unsigned from = 0; from < groups.count; from++)
        for (unsigned to = groups.count; to-- > from;) {
            if (!is_clean(&groups, from, to) || !is_phone(&groups, from, to))
                continue;
            size_t start = groups.list[from].start, end = groups.list[to].end;
            return (struct phone_span){start - at, end - start + groups_extension(text, end)};
        }
    return (struct phone_span){groups.list[groups.count - 1].end - at, 0};
}
