/* The rule at the end of a zone file ("EST5EDT,M3.2.0,M11.1.0"): what holds after its last listed change. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bindings/zone.h"

enum zone_day_kind { DAY_OF_MONTH_WEEK, DAY_JULIAN, DAY_ZERO_BASED };

struct zone_change {
    enum zone_day_kind kind;
    int month, week, weekday; /* DAY_OF_MONTH_WEEK: 1–12, 1–5 (5: last), 0 is Sunday */
    int day;                  /* the others */
    int time_s;               /* wall clock, may be negative or past midnight */
};

struct zone_rule {
    struct zone_moment standard, summer;
    bool has_summer;
    struct zone_change start, end;
};

must_use enum err zone_rule_parse(struct zone_rule *out, const char *text);
void zone_rule_at(const struct zone_rule *rule, int64_t utc_s, struct zone_moment *out);
