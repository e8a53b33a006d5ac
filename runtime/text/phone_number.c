#include "text/phone_number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MIN 7
#define DIGITS_PLUS_MIN 8
#define DIGITS_MAX 15 /* E.164 */

struct country {
    const char *iso;
    const char *code;           /* calling code */
    const char *trunk;          /* dialled before a national number at home, not from abroad */
    unsigned shortest, longest; /* digits of a national number without it */
};

static const struct country countries[] = {
    {"US", "1", "1", 10, 10},
    {"CA", "1", "1", 10, 10},
    {"GB", "44", "0", 9, 10},
    {"IE", "353", "0", 7, 9},
    {"DE", "49", "0", 7, 11},
    {"AT", "43", "0", 7, 13},
    {"CH", "41", "0", 9, 9},
    {"FR", "33", "0", 9, 9},
    {"BE", "32", "0", 8, 9},
    {"NL", "31", "0", 9, 9},
    {"LU", "352", "", 8, 11},
    {"ES", "34", "", 9, 9},
    {"PT", "351", "", 9, 9},
    {"IT", "39", "", 8, 11}, /* its leading zero is part of the number */
    {"DK", "45", "", 8, 8},
    {"NO", "47", "", 8, 8},
    {"SE", "46", "0", 7, 9},
    {"FI", "358", "0", 7, 10},
    {"PL", "48", "", 9, 9},
    {"CZ", "420", "", 9, 9},
    {"GR", "30", "", 10, 10},
    {"IL", "972", "0", 8, 9},
    {"ZA", "27", "0", 9, 9},
    {"IN", "91", "0", 10, 10},
    {"SG", "65", "", 8, 8},
    {"JP", "81", "0", 9, 10},
    {"AU", "61", "0", 9, 9},
    {"NZ", "64", "0", 8, 10},
    {"MX", "52", "", 10, 10},
    {"BR", "55", "0", 10, 11},
};

static const struct country *find_country(struct slice iso)
{
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (slice_is_nocase(iso, countries[i].iso))
            return &countries[i];
    return NULL;
}

static bool is_north_american(const struct country *country)
{
    return strcmp(country->code, "1") == 0;
}

/* Where an extension begins, or the end. */
static size_t number_end(struct slice text)
{
    bool has_digit = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)tolower((unsigned char)text.data[i]);
        if (has_digit &&
            (c == 'x' || c == '#' || c == ';' ||
                (c == 'e' && i + 2 < text.len && tolower((unsigned char)text.data[i + 1]) == 'x' &&
                    tolower((unsigned char)text.data[i + 2]) == 't')))
            return i;
        has_digit = has_digit || isdigit((unsigned char)c);
    }
    return text.len;
}

/* The digits alone. False: too many for any number. A zero in brackets behind a country's code is the trunk zero of
   those at home: "+49 (0)30 …". */
static bool take_digits(struct slice text, bool has_plus, char out[24])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (has_plus && i + 2 < text.len && memcmp(text.data + i, "(0)", 3) == 0) {
            i += 2;
            continue;
        }
        if (!isdigit((unsigned char)text.data[i]))
            continue;
        if (len == 23)
            return false;
        out[len++] = text.data[i];
    }
    out[len] = 0;
    return true;
}

static enum err write_whole(char out[PHONE_NUMBER_SIZE], const char *digits)
{
    size_t len = strlen(digits);
    bool is_good = digits[0] != '0' && len >= DIGITS_PLUS_MIN && len <= DIGITS_MAX &&
                   (digits[0] != '1' || len == 11);
    if (!is_good)
        return ERR_BAD;
    snprintf(out, PHONE_NUMBER_SIZE, "+%s", digits);
    return ERR_OK;
}

/* A national number of `country`, with or without what is dialled before it. */
static bool write_national(
    char out[PHONE_NUMBER_SIZE], const char *digits, const struct country *country)
{
    size_t trunk_len = strlen(country->trunk), len;
    if (trunk_len && strncmp(digits, country->trunk, trunk_len) == 0)
        digits += trunk_len;
    else if (trunk_len && !is_north_american(country))
        return false; /* a local number: its area code is not known */
    len = strlen(digits);
    if (len < country->shortest || len > country->longest)
        return false;
    snprintf(out, PHONE_NUMBER_SIZE, "+%s%s", country->code, digits);
    return true;
}

enum err phone_number_read(char out[PHONE_NUMBER_SIZE], struct slice text, struct slice iso)
{
    char digits[24];
    const struct country *country = find_country(iso);
    text = slice_trim(text);
    text.len = number_end(text);
    bool has_plus = slice_starts(text, "+");
    if (!take_digits(text, has_plus, digits))
        return ERR_BAD;
    if (has_plus)
        return write_whole(out, digits);
    const char *exit_code = country && is_north_american(country) ? "011" : "00";
    if (strncmp(digits, exit_code, strlen(exit_code)) == 0)
        return write_whole(out, digits + strlen(exit_code));
    if (country && write_national(out, digits, country))
        return ERR_OK;
    size_t len = strlen(digits);
    if (len < DIGITS_MIN || len > DIGITS_MAX)
        return ERR_BAD;
    snprintf(out, PHONE_NUMBER_SIZE, "%s", digits);
    return ERR_OK;
}

/* Area codes of the American numbering plan that are neither of the United States nor of Canada, and the one at premium rates. */
static const char *const dear_codes[] = {"242", "246", "264", "268", "284", "345", "441", "473",
    "649", "658", "664", "721", "758", "767", "784", "809", "829", "849", "868", "869", "876",
    "900"};

static bool is_dear(struct slice national)
{
    for (size_t i = 0; i < sizeof dear_codes / sizeof *dear_codes; i++)
        if (national.len >= 3 && memcmp(national.data, dear_codes[i], 3) == 0)
            return true;
    return false;
}

bool phone_number_is_of(struct slice number, struct slice country)
{
    const struct country *home = find_country(country);
    size_t code_len = home ? strlen(home->code) : 0;
    if (!home || number.len < 1 + code_len || number.data[0] != '+' ||
        memcmp(number.data + 1, home->code, code_len) != 0)
        return false;
    struct slice national = {number.data + 1 + code_len, number.len - 1 - code_len};
    return national.len >= home->shortest && national.len <= home->longest &&
           !(is_north_american(home) && is_dear(national));
}
