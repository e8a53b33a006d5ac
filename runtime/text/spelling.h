/* Whether a text tells of a phone number or a word, however it is written: for proving that it does not. Pure. The database's
   functions spelled and tells_of (migration 13) say the same of rows. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* The number's last eight digits after each other, with up to three characters between two that are no letters or digits. */
bool spelling_has_number(struct slice text, struct slice number);
/* ASCII letters in either case. */
bool spelling_has_word(struct slice text, struct slice word);
