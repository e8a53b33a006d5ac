#include "bindings/zone_rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

static bool parse_name(const char **at, char out[16])
{
    bool is_quoted = **at == '<';
    const char *start = *at + is_quoted, *end = start;
    while (is_quoted ? *end && *end != '>' : isalpha((unsigned char)*end))
        end++;
    if (end == start || (is_quoted && *end != '>'))
        return false;
    slice_copy((struct slice){start, (size_t)(end - start)}, out, 16);
    *at = end + is_quoted;
    return true;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds. */
static bool parse_time(const char **at, int *out)
{
    int sign = **at == '-' ? -1 : 1, parts[3] = {0};
    if (**at == '-' || **at == '+')
        ++*at;
    for (int i = 0; i < 3; i++) {
        if (!isdigit((unsigned char)**at))
            return false;
        char *end;
        long number = strtol(*at, &end, 10);
        if (number > 167)
            return false;
        parts[i] = (int)number;
        *at = end;
        if (**at != ':')
            break;
        if (i < 2)
            ++*at;
    }
    *out = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

static bool parse_number(const char **at, int least, int most, int *out)
{
    if (!isdigit((unsigned char)**at))
        return false;
    char *end;
    long number = strtol(*at, &end, 10);
    *at = end;
    *out = (int)number;
    return number >= least && number <= most;
}

static bool skip(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool parse_change(const char **at, struct zone_change *change)
{
    bool is_good;
    change->time_s = 2 * 3600;
    if (skip(at, 'M')) {
        change->kind = DAY_OF_MONTH_WEEK;
        is_good = parse_number(at, 1, 12, &change->month) && skip(at, '.') &&
                  parse_number(at, 1, 5, &change->week) && skip(at, '.') &&
                  parse_number(at, 0, 6, &change->weekday);
    } else {
        bool is_julian = skip(at, 'J');
        change->kind = is_julian ? DAY_JULIAN : DAY_ZERO_BASED;
        is_good = parse_number(at, is_julian, 365, &change->day);
    }
    return is_good && (!skip(at, '/') || parse_time(at, &change->time_s));
}

enum err zone_rule_parse(struct zone_rule *out, const char *text)
{
    struct zone_rule rule = {0};
    const char *at = text;
    int west_s;
    if (!parse_name(&at, rule.standard.abbreviation) || !parse_time(&at, &west_s))
        return ERR_BAD;
    rule.standard.offset_s = -west_s;
    if (*at) {
        rule.has_summer = rule.summer.is_dst = true;
        if (!parse_name(&at, rule.summer.abbreviation))
            return ERR_BAD;
        west_s -= 3600;
        if (*at != ',' && !parse_time(&at, &west_s))
            return ERR_BAD;
        rule.summer.offset_s = -west_s;
        if (!skip(&at, ',') || !parse_change(&at, &rule.start) || !skip(&at, ',') ||
            !parse_change(&at, &rule.end))
            return ERR_BAD;
        if (*at)
            return ERR_BAD;
    }
    *out = rule;
    return ERR_OK;
}

static int64_t day_s(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return timegm(&tm);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The first `weekday` of the month, and then week − 1 weeks on, but not past the month's end. */
static int64_t month_week_s(int year, const struct zone_change *change)
{
    int64_t first_s = day_s(year, change->month, 1), next_s = day_s(year, change->month + 1, 1);
    int first_weekday = (int)(((first_s / DAY_S + 4) % 7 + 7) % 7);
    int64_t at_s = first_s + ((change->weekday - first_weekday + 7) % 7 + (change->week - 1) * 7) *
                                 (int64_t)DAY_S;
    while (at_s >= next_s)
        at_s -= 7 * DAY_S;
    return at_s;
}

/* When the change comes in `year`, on the wall clock before it. */
static int64_t change_s(int year, const struct zone_change *change)
{
    switch (change->kind) {
    case DAY_OF_MONTH_WEEK:
        return month_week_s(year, change) + change->time_s;
    case DAY_JULIAN:
        return day_s(year, 1, change->day + (change->day >= 60 && is_leap(year))) + change->time_s;
    case DAY_ZERO_BASED:
        return day_s(year, 1, change->day + 1) + change->time_s;
    }
    return 0;
}

void zone_rule_at(const struct zone_rule *rule, int64_t utc_s, struct zone_moment *out)
{
    time_t standard_s = utc_s + rule->standard.offset_s;
    struct tm tm;
    bool is_summer = false;
    if (rule->has_summer && gmtime_r(&standard_s, &tm)) {
        int year = tm.tm_year + 1900;
        int64_t start_s = change_s(year, &rule->start) - rule->standard.offset_s;
        int64_t end_s = change_s(year, &rule->end) - rule->summer.offset_s;
        is_summer =
            start_s < end_s ? utc_s >= start_s && utc_s < end_s : utc_s >= start_s || utc_s < end_s;
    }
    *out = is_summer ? rule->summer : rule->standard;
}
