/* What a telephone number in E.164 form ("+15550100001") says of where a call to it goes and what it costs. Pure; from the
   public numbering plan, whose country codes are no prefixes of each other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How many characters are the country code, "+" included; 0: none begins so. */
size_t dialling_code_len(const char *number);
/* Both have the same country code; +1 is one, though several countries share it. */
bool dialling_is_same_country(const char *number, const char *other);
/* Rates that a caller could earn by, of the countries that we know, and networks of no country: satellites and their like. */
bool dialling_is_premium(const char *number);
