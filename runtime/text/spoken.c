#include "text/spoken.h"

#include <stddef.h>

unsigned spoken_digit(struct slice word)
{
    static const char *const digits[] = {"zero", "oh", "o", "one", "two", "three", "four", "five",
        "six", "seven", "eight", "nine", "nought", "naught", NULL};
    return slice_is_one_of(word, digits);
}
