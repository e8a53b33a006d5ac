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

static const struct {
    const char *number, *from;
    enum phone_cost cost;
} pairs[] = {
    {"+15550100001", "+15550100002", PHONE_HOME},
    {"+353861234567", "+35316667777", PHONE_HOME},
    {"+79161234567", "+79161234568", PHONE_HOME},
    {"+2348031234567", "+2348031234568", PHONE_HOME}, /* of a country that nobody has a table of */
    {"+353861234567", "+3548612345", PHONE_FOREIGN},
    {"+4930123456", "+4312345678", PHONE_FOREIGN},
    {"+18765550100", "+15550100002", PHONE_FOREIGN}, /* shares the code, and not the price */
    {"+18765550100", "+18765550101", PHONE_HOME},
    {"+19005550100", "+15550100002", PHONE_PREMIUM},
    {"+499001234567", "+4930123456", PHONE_PREMIUM},
    {"+0123456", "+0123456", PHONE_FOREIGN},
    {"15550100001", "15550100001", PHONE_FOREIGN},
    {"+1", "+1", PHONE_FOREIGN},
    {"+112", "+112", PHONE_FOREIGN}, /* an emergency number */
    {"", "", PHONE_FOREIGN},
};

static void a_number_calls_its_own_country(void **state)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (phone_cost_from(pairs[i].number, pairs[i].from) != pairs[i].cost)
            fail_msg("%s from %s", pairs[i].number, pairs[i].from);
}

static void what_costs_more_is_known(void **state)
{
    static const char *const dear[] = {"+19005550100", "+499001234567", "+449098790000",
        "+881612345678", "+97912345678", "+34803123456", "+41900123456", "+611901234567"};
    static const char *const usual[] = {
        "+15550100001", "+18005550100", "+4930123456", "+442079460000", "+41446681800"};
    for (size_t i = 0; i < sizeof dear / sizeof *dear; i++)
        assert_true(phone_is_premium(dear[i]));
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        assert_false(phone_is_premium(usual[i]));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_cost_what_they_cost),
        cmocka_unit_test(a_number_calls_its_own_country),
        cmocka_unit_test(what_costs_more_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
