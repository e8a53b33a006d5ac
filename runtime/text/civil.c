#include "text/civil.h"

#include <time.h>

struct civil civil_of(int32_t day)
{
    struct tm tm;
    time_t seconds = (time_t)day * 86400;
    gmtime_r(&seconds, &tm);
    return (struct civil){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
}

int32_t civil_day(struct civil date)
{
    struct tm tm = {.tm_year = date.year - 1900, .tm_mon = date.month - 1, .tm_mday = date.day};
    return (int32_t)(timegm(&tm) / 86400);
}

bool civil_is(struct civil date)
{
    if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31)
        return false;
    struct civil again = civil_of(civil_day(date));
    return again.month == date.month && again.day == date.day;
}

int civil_weekday(int32_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7) + 1;
}
