/* Telephone numbers as people, models and carriers write them, into one form that can be compared. Pure.

   The form is E.164 ("+15550100001") where the country is known: the number says so itself ("+", or the exit code 00 or
   011), or it has the length of a national number of the tenant's country. A number without an area code stays as bare
   digits ("5550123"): it is good for reading back, and nobody else's. What stands behind "x", "ext" or "#" is left out.
   Whether a number is in service, or its area code given out, is not looked at. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define PHONE_NUMBER_SIZE 17

/* `country`: ISO 3166 ("US", "DE"), in either case; one that is not in the table knows no national numbers. ERR_BAD: no
   whole telephone number. */
must_use enum err phone_number_read(
    char out[PHONE_NUMBER_SIZE], struct slice text, struct slice country);
/* Whether a number in that form ("+15550100001") is one of the country's own: a text to it is no call abroad. The American
   ones share their code with islands and services whose numbers cost more; those are not of "US" or "CA". */
bool phone_number_is_of(struct slice number, struct slice country);
