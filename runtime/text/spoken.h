/* What callers say instead of writing it: digits as words, an e-mail address word by word.
   Pure; each answers with the length in bytes of what it found at the start of `text`, or 0. */
#pragma once

#include "base/slice.h"

/* Bytes of the word (letters) `text` starts with. */
size_t spoken_word(struct slice text);
/* Digits a spoken word stands for: "five" and "oh" are 1, "fifty" and anything else are 0. */
unsigned spoken_digit(struct slice word);
/* "five five five, oh one double two": seven digits or more, at least three of them as words. */
size_t spoken_phone(struct slice text);
/* "jane dot doe at example dot com" */
size_t spoken_email(struct slice text);
