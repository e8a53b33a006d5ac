#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/phone_cost.h"

static const struct {
    const char *number, *country;
    enum phone_cost cost;
} rows[] = {
    {"+15550100001", "US", PHONE_HOME},
    {"+15550100001", "us", PHONE_HOME},
    {"+16045550100", "US", PHONE_HOME},
    {"+19005550100", "US", PHONE_PREMIUM},
    {"+18765550100", "US", PHONE_FOREIGN},
    {"+4930123456", "US", PHONE_FOREIGN},
    {"+4930123456", "DE", PHONE_HOME},
    {"+49900123456", "DE", PHONE_PREMIUM},
    {"+491375550100", "DE", PHONE_PREMIUM},
    {"+15550100001", "DE", PHONE_FOREIGN},
    {"+442079460000", "GB", PHONE_HOME},
    {"+449098790000", "GB", PHONE_PREMIUM},
    {"+881612345678", "GB", PHONE_PREMIUM},
    {"+9791234567", "US", PHONE_PREMIUM},
    {"5550123", "US", PHONE_FOREIGN}, /* nobody knows whose */
    {"+15550100001", "XX", PHONE_FOREIGN},
};

static void numbers_cost_what_they_cost(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (phone_cost(rows[i].number, slice_from(rows[i].country)) != rows[i].cost)
            fail_msg("%s in %s", rows[i].number, rows[i].country);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_cost_what_they_cost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
