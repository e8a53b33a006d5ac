#include "text/phone_cost.h"

#include <string.h>

#include "text/phone_number.h"

#define LEAST_DIGITS 7

/* Behind "+". */
static const char *const PREMIUM[] = {"1900", "1700", "1500", "4487", "4484", "449", "4470", "4476",
    "49900", "49137", "49180", "49118", "43900", "43901", "43930", "43931", "43820", "4190", "3389",
    "3381", "3382", "39892", "39893", "39894", "39895", "39899", "39166", "3480", "34905", "34907",
    "3290", "3270", "3190", "35315", "351760", "351761", "46900", "46939", "46944", "47820",
    "47829", "4590", "358600", "358700", "4870", "3090", "420900", "420906", "420909", "6119",
    "64900", "81990", "972190", "27862", "870", "878", "881", "882", "883", "888", "979", NULL};

/* Country codes of two digits; 1 and 7 have one, all others three. None begins another one. */
static const char TWO_DIGITS[] =
    " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "
    "65 66 81 82 84 86 90 91 92 93 94 95 98 ";

static bool starts_with_one_of(const char *digits, const char *const *list)
{
    while (*list && strncmp(digits, *list, strlen(*list)))
        list++;
    return *list != NULL;
}

bool phone_is_premium(const char *number)
{
    return number[0] == '+' && starts_with_one_of(number + 1, PREMIUM);
}

enum phone_cost phone_cost(const char *number, struct slice country)
{
    if (phone_is_premium(number))
        return PHONE_PREMIUM;
    return phone_number_is_of(slice_from(number), country) ? PHONE_HOME : PHONE_FOREIGN;
}

/* How many characters are the country code, "+" included; 0: none begins so. */
static size_t code_len(const char *number)
{
    size_t digits = number[0] == '+' ? strspn(number + 1, "0123456789") : 0;
    if (digits < LEAST_DIGITS || number[1] == '0')
        return 0;
    if (number[1] == '1' || number[1] == '7')
        return 2;
    const char code[] = {' ', number[1], number[2], ' ', 0};
    return strstr(TWO_DIGITS, code) ? 3 : 4;
}

enum phone_cost phone_cost_from(const char *number, const char *from)
{
    size_t len = code_len(number);
    if (phone_is_premium(number))
        return PHONE_PREMIUM;
    if (!len || len != code_len(from) || strncmp(number, from, len) != 0)
        return PHONE_FOREIGN;
    bool is_american = phone_number_is_of(slice_from(from), SLICE("US"));
    return is_american ? phone_cost(number, SLICE("US")) : PHONE_HOME;
}
