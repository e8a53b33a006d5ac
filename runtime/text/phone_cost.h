/* What a number costs whoever texts or calls it, by its first digits: home, abroad, or more than it should. The one place that
   judges it: texts, calls and transfers ask here. Pure. From the public numbering plan and a rough table of the countries that
   text/phone_number.h knows; it errs towards refusing. Numbers are in E.164 form ("+15550100001"). */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

enum phone_cost {
    PHONE_HOME,
    PHONE_FOREIGN, /* or no whole number */
    PHONE_PREMIUM, /* charges whoever calls or texts, or belongs to a satellite */
};

/* For somebody in `country`, as in phone_number_read. The United States and Canada are one, the islands that share their code
   are not. */
enum phone_cost phone_cost(const char *number, struct slice country);
/* For whoever has the number `from`, of any country. */
enum phone_cost phone_cost_from(const char *number, const char *from);
bool phone_is_premium(const char *number);
