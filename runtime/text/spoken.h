/* What callers say instead of writing it: digits as words. Pure. */
#pragma once

#include "base/slice.h"

/* Digits a spoken word stands for: "five" and "oh" are 1, "fifty" and anything else are 0. */
unsigned spoken_digit(struct slice word);
