/* Telephone numbers and e-mail addresses, as written by people, models and carriers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/email_address.h"
#include "text/phone_number.h"

static void numbers_get_one_form(void **state)
{
    static const struct {
        const char *country, *text, *expected; /* NULL: none */
    } rows[] = {
        {"US", "(555) 010-0001", "+15550100001"},
        {"us", "555.010.0001", "+15550100001"},
        {"US", "+1 555 010 0001", "+15550100001"},
        {"US", "1-555-010-0001", "+15550100001"},
        {"US", " my number is 555 010 0001 ", "+15550100001"},
        {"US", "555 010 0001 x12", "+15550100001"},
        {"US", "555 010 0001 ext. 12", "+15550100001"},
        {"US", "555 010 0001 #3", "+15550100001"},
        {"US", "011 44 20 7946 0000", "+442079460000"},
        {"US", "+44 (0)20 7946 0000", "+442079460000"},
        {"US", "555-0123", "5550123"},
        {"US", "555010001", "555010001"}, /* nine digits: whose, nobody knows */
        {"CA", "416 555 0123", "+14165550123"},
        {"GB", "020 7946 0000", "+442079460000"},
        {"GB", "+1 555 010 0001", "+15550100001"},
        {"GB", "001 555 010 0001", "+15550100001"},
        {"GB", "7946 0000", "79460000"}, /* no area code */
        {"DE", "030 123456", "+4930123456"},
        {"DE", "0049 30 123456", "+4930123456"},
        {"IT", "06 1234 5678", "+390612345678"}, /* the zero stays */
        {"FR", "06 12 34 56 78", "+33612345678"},
        {"NO", "21 00 00 00", "+4721000000"},
        {"XX", "555 010 0001", "5550100001"},
        {"", "+47 21 00 00 00", "+4721000000"},
        {"US", "", NULL},
        {"US", "no number", NULL},
        {"US", "12", NULL},
        {"US", "+", NULL},
        {"US", "+1 555 0123", NULL},          /* no North American number is so short */
        {"US", "+0 555 010 0001", NULL},      /* no country */
        {"US", "+49 1234567890123456", NULL}, /* more than E.164 has */
        {"US", "1234567890123456", NULL},
        {"US", "123456789012345678901234567890", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[PHONE_NUMBER_SIZE] = "";
        enum err err =
            phone_number_read(out, slice_from(rows[i].text), slice_from(rows[i].country));
        if (err != (rows[i].expected ? ERR_OK : ERR_BAD))
            fail_msg("%s \"%s\": %s %s", rows[i].country, rows[i].text, err_name(err), out);
        if (rows[i].expected)
            assert_string_equal(out, rows[i].expected);
    }
}

/* What was written once is read as itself. */
static void the_form_is_stable(void **state)
{
    static const char *const texts[] = {"(555) 010-0001", "555-0123", "+44 (0)20 7946 0000"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char once[PHONE_NUMBER_SIZE], twice[PHONE_NUMBER_SIZE];
        assert_int_equal(phone_number_read(once, slice_from(texts[i]), SLICE("US")), ERR_OK);
        assert_int_equal(phone_number_read(twice, slice_from(once), SLICE("US")), ERR_OK);
        assert_string_equal(once, twice);
    }
}

static void numbers_are_of_a_country(void **state)
{
    static const struct {
        const char *country, *number;
        bool is_of;
    } rows[] = {
        {"US", "+15550100001", true},
        {"CA", "+14165550123", true},
        {"US", "+18765550123", false}, /* Jamaica */
        {"US", "+19005550123", false}, /* premium */
        {"US", "+1555010000", false},
        {"US", "+155501000011", false},
        {"US", "+442079460000", false},
        {"GB", "+442079460000", true},
        {"gb", "+4420794600001234", false},
        {"DE", "+4930123456", true},
        {"DE", "+43301234567", false},
        {"XX", "+15550100001", false},
        {"US", "5550123", false},
        {"US", "", false},
        {"US", "+", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (phone_number_is_of(slice_from(rows[i].number), slice_from(rows[i].country)) !=
            rows[i].is_of)
            fail_msg("%s in %s", rows[i].number, rows[i].country);
}

static void addresses_get_one_form(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"Anna@Example.com", "anna@example.com"},
        {"  anna@example.com.\n", "anna@example.com"},
        {"a.b+tag@mail.example.co.uk", "a.b+tag@mail.example.co.uk"},
        {"o'lee@example.com", "o'lee@example.com"},
        {"j\xc3\xbcrgen@b\xc3\xbc"
         "cher.example",
            "j\xc3\xbcrgen@b\xc3\xbc"
            "cher.example"},
        {"", NULL},
        {"anna", NULL},
        {"anna@", NULL},
        {"@example.com", NULL},
        {"anna@example", NULL},
        {"anna@@example.com", NULL},
        {"anna@b@example.com", NULL},
        {"anna lee@example.com", NULL},
        {"anna@exam ple.com", NULL},
        {".anna@example.com", NULL},
        {"anna.@example.com", NULL},
        {"an..na@example.com", NULL},
        {"anna@-example.com", NULL},
        {"anna@example..com", NULL},
        {"anna@10.0.0.1", NULL},
        {"anna@example.c", NULL},
        {"<anna@example.com>", NULL},
        {"anna@example.com\r\nbcc: x@example.com", NULL},
        {"\xff@example.com", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[EMAIL_ADDRESS_SIZE] = "";
        enum err err = email_address_read(out, slice_from(rows[i].text));
        if (err != (rows[i].expected ? ERR_OK : ERR_BAD))
            fail_msg("\"%s\": %s %s", rows[i].text, err_name(err), out);
        if (rows[i].expected)
            assert_string_equal(out, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_get_one_form),
        cmocka_unit_test(the_form_is_stable),
        cmocka_unit_test(numbers_are_of_a_country),
        cmocka_unit_test(addresses_get_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
