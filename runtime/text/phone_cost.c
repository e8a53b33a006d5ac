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

static bool starts_with_one_of(const char *digits, const char *const *list)
{
    while (*list && strncmp(digits, *list, strlen(*list)))
        list++;
    return *list != NULL;
}

enum phone_cost phone_cost(const char *number, struct slice country)
{
    if (number[0] == '+' && starts_with_one_of(number + 1, PREMIUM))
        return PHONE_PREMIUM;
    return phone_number_is_of(slice_from(number), country) ? PHONE_HOME : PHONE_FOREIGN;
}
