#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/dialling.h"

static void a_country_is_told_by_its_code(void **state)
{
    static const struct {
        const char *number;
        size_t len;
    } rows[] = {{"+15550100001", 2}, {"+79161234567", 2}, {"+4930123456", 3}, {"+353861234567", 4},
        {"+0123456", 0}, {"15550100001", 0}, {"", 0}, {"+1", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(dialling_code_len(rows[i].number), rows[i].len);
    assert_true(dialling_is_same_country("+15550100001", "+15550100002"));
    assert_true(dialling_is_same_country("+353861234567", "+35316667777"));
    assert_false(dialling_is_same_country("+353861234567", "+3548612345"));
    assert_false(dialling_is_same_country("+4930123456", "+4312345678"));
    assert_false(dialling_is_same_country("x", "x"));
}

static void what_costs_more_is_known(void **state)
{
    static const char *const dear[] = {"+19005550100", "+499001234567", "+449098790000",
        "+881612345678", "+97912345678"};
    static const char *const usual[] = {"+15550100001", "+18005550100", "+4930123456",
        "+442079460000", "+41446681800"};
    for (size_t i = 0; i < sizeof dear / sizeof *dear; i++)
        assert_true(dialling_is_premium(dear[i]));
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        assert_false(dialling_is_premium(usual[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_country_is_told_by_its_code),
        cmocka_unit_test(what_costs_more_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
