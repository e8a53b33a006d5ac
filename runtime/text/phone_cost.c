#include "text/phone_cost.h"

#include <stdbool.h>
#include <string.h>

#include "text/phone_number.h"

/* Behind "+". */
static const char *const PREMIUM[] = {"1900", "1700", "1500", "4487", "4484", "449", "4470", "4476",
    "49900", "49137", "49180", "49118", "43900", "43901", "43930", "43931", "43820", "4190", "3389",
    "3381", "3382", "39892", "39893", "39894", "39895", "39899", "39166", "3480", "34905", "34907",
    "3290", "3270", "3190", "35315", "351760", "351761", "46900", "46939", "46944", "47820",
    "47829", "4590", "358600", "358700", "4870", "3090", "420900", "420906", "420909", "6119",
    "64900", "81990", "972190", "27862", "870", "878", "881", "882", "883", "888", "979", NULL};

/* Area codes of "+1" that are neither the United States' nor Canada's. */
static const char *const ISLANDS[] = {"242", "246", "264", "268", "284", "340", "345", "441", "473",
    "649", "658", "664", "670", "671", "684", "721", "758", "767", "784", "809", "829", "849",
    "868", "869", "876", NULL};

static bool starts_with_one_of(const char *digits, const char *const *list)
{
    while (*list && strncmp(digits, *list, strlen(*list)))
        list++;
    return *list != NULL;
}

enum phone_cost phone_cost(const char *number, struct slice country)
{
    const char *code = phone_number_code(country);
    if (number[0] != '+' || !code)
        return PHONE_FOREIGN;
    const char *digits = number + 1;
    if (starts_with_one_of(digits, PREMIUM))
        return PHONE_PREMIUM;
    if (strncmp(digits, code, strlen(code)))
        return PHONE_FOREIGN;
    bool is_island = strcmp(code, "1") == 0 && starts_with_one_of(digits + 1, ISLANDS);
    return is_island ? PHONE_FOREIGN : PHONE_HOME;
}
