/* What a text to a number may cost, by its first digits: home, abroad, or more than it should. Pure. A rough table of the
   countries that text/phone_number.h knows; it errs towards refusing. */
#pragma once

#include "base/slice.h"

enum phone_cost {
    PHONE_HOME,
    PHONE_FOREIGN,
    PHONE_PREMIUM, /* charges whoever calls or texts, or belongs to a satellite */
};

/* `number` in E.164 ("+15550100001"), `country` as in phone_number_read. The United States and Canada are one, the islands
   that share their code are not. */
enum phone_cost phone_cost(const char *number, struct slice country);
