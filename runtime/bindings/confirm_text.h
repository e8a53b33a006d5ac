/* The words of a text about an appointment. Pure.

   The tenant's own (`profile.confirm_texts`), with these in braces: business, service, day, month, year ("28", "11", "2026"),
   time ("10:00"), when ("Saturday, November 28 at 10:00 AM"); other braces stay. Without any, English ones. */
#pragma once

#include "base/slice.h"
#include "bindings/zone.h"

#define CONFIRM_TEXT_SIZE 640

struct confirm_facts {
    const char *business; /* "": it is not named */
    const char *service;
    const struct zone *zone;
    int64_t at_s;
    bool is_moved; /* else booked */
};

/* `words` empty: English. What is too long is cut at a letter. */
void confirm_text_write(
    char out[CONFIRM_TEXT_SIZE], struct slice words, const struct confirm_facts *facts);
