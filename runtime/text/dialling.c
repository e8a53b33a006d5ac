#include "text/dialling.h"

#include <string.h>

/* Country codes of two digits; 1 and 7 have one, all others three. */
static const char two_digits[] =
    " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "
    "65 66 81 82 84 86 90 91 92 93 94 95 98 ";

static const char *const premium[] = {"+1900", "+3389", "+34803", "+34806", "+34807", "+39892",
    "+39895", "+39899", "+41900", "+41901", "+41906", "+43900", "+43901", "+43930", "+43931",
    "+449", "+49137", "+49900", "+61190", "+870", "+878", "+881", "+882", "+883",
    "+979"};

size_t dialling_code_len(const char *number)
{
    size_t digits = number[0] == '+' ? strspn(number + 1, "0123456789") : 0;
    if (digits < 3 || number[1] == '0')
        return 0;
    if (number[1] == '1' || number[1] == '7')
        return 2;
    const char code[] = {' ', number[1], number[2], ' ', 0};
    return strstr(two_digits, code) ? 3 : 4;
}

bool dialling_is_same_country(const char *number, const char *other)
{
    size_t len = dialling_code_len(number);
    return len && len == dialling_code_len(other) && strncmp(number, other, len) == 0;
}

bool dialling_is_premium(const char *number)
{
    for (size_t i = 0; i < sizeof premium / sizeof *premium; i++)
        if (strncmp(number, premium[i], strlen(premium[i])) == 0)
            return true;
    return false;
}
