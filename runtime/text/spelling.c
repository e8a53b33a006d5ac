#include "text/spelling.h"

#include <ctype.h>
#include <strings.h>

#define DIGITS_MAX 8
#define BETWEEN_MAX 3

static size_t last_digits(char digits[DIGITS_MAX], struct slice number)
{
    size_t count = 0;
    for (size_t i = number.len; i > 0 && count < DIGITS_MAX; i--)
        if (isdigit((unsigned char)number.data[i - 1]))
            digits[DIGITS_MAX - ++count] = number.data[i - 1];
    return count;
}

static bool begins_with(struct slice text, const char *digits, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = at + (i ? BETWEEN_MAX : 0);
        while (at < text.len && at < end && !isalnum((unsigned char)text.data[at]))
            at++;
        if (at >= text.len || text.data[at++] != digits[i])
            return false;
    }
    return true;
}

bool spelling_has_number(struct slice text, struct slice number)
{
    char digits[DIGITS_MAX];
    size_t count = last_digits(digits, number);
    for (size_t at = 0; count && at < text.len; at++)
        if (begins_with(
                (struct slice){text.data + at, text.len - at}, digits + DIGITS_MAX - count, count))
            return true;
    return false;
}

bool spelling_has_word(struct slice text, struct slice word)
{
    for (size_t at = 0; word.len && at + word.len <= text.len; at++)
        if (strncasecmp(text.data + at, word.data, word.len) == 0)
            return true;
    return false;
}
