#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/redact.h"

struct row {
    const char *text;
    const char *expected; /* NULL: unchanged */
};

static void expect_rows(const struct row *rows, size_t count)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct strbuf out;
        strbuf_init(&out, 4096);
        redact(&out, slice_from(rows[i].text));
        const char *expected = rows[i].expected ? rows[i].expected : rows[i].text;
        if (!slice_is(strbuf_slice(&out), expected)) {
            print_error("\"%s\" became \"%s\"\n", rows[i].text, out.data ? out.data : "");
            wrong++;
        }
        strbuf_free(&out);
    }
    assert_int_equal(wrong, 0);
}

#define EXPECT_ROWS(rows) expect_rows(rows, sizeof(rows) / sizeof *(rows))

static void hides_phone_numbers(void **state)
{
    static const struct row rows[] = {
        {"+15550100001", "[phone]"},
        {"from +1 555 010 0001 to", "from [phone] to"},
        {"+1 (555) 010-0001.", "[phone]."},
        {"+1(555)0100001", "[phone]"},
        {"+1-555-010-0001 at 9", "[phone] at 9"},
        {"+15550100001 10 people", "[phone] 10 people"},
        {"+44 20 7946 0958", "[phone]"},
        {"+49.30.1234567", "[phone]"},
        {"(555) 010-0001", "[phone]"},
        {"(555)010-0001", "[phone]"},
        {"Call (555) 010-0001 or (555) 010-0002!", "Call [phone] or [phone]!"},
        {"1 (555) 010-0001", "[phone]"},
        {"(555 010-0001)", "[phone])"},
        {"555-0123", "[phone]"},
        {"555 0123", "[phone]"},
        {"555.0123", "[phone]"},
        {"555, 0123", "[phone]"},
        {"555 010 0001", "[phone]"},
        {"555.010.0001", "[phone]"},
        {"555 - 010 - 0001", "[phone]"},
        {"555, 010, 0001", "[phone]"},
        {"1-555-010-0001", "[phone]"},
        {"5550100001", "[phone]"},
        {"15550100001", "[phone]"},
        {"5550123", "[phone]"},
        {"555-0123 9 am works", "[phone] 9 am works"},
        {"at 9 555-0123", "at 9 [phone]"},
        {"5 5 5 0 1 2 3", "[phone]"},
        {"5-5-5, 0-1-0, 0-0-0-1", "[phone]"},
        {"555 0 1 2 3", "[phone]"},
        {"01 23 45 67 89", "[phone]"},
        {"01.23.45.67.89", "[phone]"},
        {"030/1234567", "[phone]"},
        {"6123 4567", "[phone]"},
        {"4111 1111 1111 1111", "[card]"},
        {"555\xe2\x80\x91"
         "010\xe2\x80\x91"
         "0001",
            "[phone]"},
        {"555\xc2\xa0"
         "0123",
            "[phone]"},
        {"+15550100001,+15550100002", "[phone],[phone]"},
        {"5550100001,5550100002", "[phone],[phone]"},
        {"5550100001 5550100002", "[phone]"},
        {"555-010-0001 ext. 12", "[phone]"},
        {"555-0100x12", "[phone]"},
        {"5550100001x12", "[phone]"},
        {"{\"to\":\"+15550100001\",\"n\":1}", "{\"to\":\"[phone]\",\"n\":1}"},
        {"From=%2B15550100001&To=%2B15550100002", "From=[phone]&To=[phone]"},
        {"sip:+15550100001@trunk", "sip:[phone]@trunk"},
        {"tel:5550100001", "tel:[phone]"},
        {"booked 2026-12-01 10:30 for 555-0123", "booked 2026-12-01 10:30 for [phone]"},
    };
    EXPECT_ROWS(rows);
}

static void hides_spoken_numbers(void **state)
{
    static const struct row rows[] = {
        {"five five five oh one two three", "[phone]"},
        {"It's five five five, zero one zero, zero zero zero one.", "It's [phone]."},
        {"Five-five-five, oh one double two, thanks", "[phone], thanks"},
        {"triple five zero one two three", "[phone]"},
        {"five five five 0123", "[phone]"},
        {"five five five, uh, oh one four two extension nine", "[phone]"},
        {"my number is six oh two five", "my number is [phone]"},
        {"nine thirty, eleven thirty, one forty five", NULL},
        {"order number four eight two one three seven seven", NULL},
        {"forty two forty two forty two forty two forty two forty two forty two forty two",
            "[card]"},
        {"born the third of march nineteen eighty four", "born the [birth_date]"},
        {"the third of march at nine", NULL},
        {"one two three", NULL},
        {"five five five oh one two", NULL},
        {"for one or two people", NULL},
        {"the phone is on loan, seven of nine", NULL},
    };
    EXPECT_ROWS(rows);
}

static void hides_email_addresses(void **state)
{
    static const struct row rows[] = {
        {"jane@example.com", "[email]"},
        {"Mail jane.doe+spam@mail.example.co.uk.", "Mail [email]."},
        {"<a_b-c@x.io>, (d@y.org)", "<[email]>, ([email])"},
        {"Email=jane%40example.com&x=1", "Email=[email]&x=1"},
        {"j\xc3\xb6rg@m\xc3\xbcller.de", "[email]"},
        {"5550100001@example.com", "[email]"},
        {"jane dot doe at example dot com", "[email]"},
        {"it is jane at example dot co dot uk okay", "it is [email] okay"},
        {"m as in mary, a, r, k at outlook dot com", "[email]"},
        {"jane at a dot com at b dot com", "[email]"},
        {"my email is jane dot", "my email is [email]"},
        {"meet me at the office", NULL},
        {"a@b", NULL},
        {"@home and user@", NULL},
        {"at dot", NULL},
    };
    EXPECT_ROWS(rows);
}

static void leaves_the_rest_alone(void **state)
{
    static const struct row rows[] = {
        {"", NULL},
        {"hello there", NULL},
        {"123e4567-e89b-42d3-a456-426614174000", NULL},
        {"id=12345678-1234-4234-8234-123456789012 ok", NULL},
        {"CA0123456789abcdef0123456789abcdef", NULL},
        {"CA01234567890123456789012345678901", NULL},
        {"MZ01234567890123456789012345678901 SM01234567890123456789012345678901", NULL},
        {"9f86d081884c7d659a2feaa0c55ad015", NULL},
        {"1234567890abcdef", NULL},
        {"item_0123456789", NULL},
        {"2026-12-01T15:00:00", NULL},
        {"2026-12-01T15:00:00.123Z", NULL},
        {"2026-12-01T15:00:00-05:00", NULL},
        {"2026-12-01 15:00:00", NULL},
        {"from 2026-12-01 to 2026-12-31", NULL},
        {"20261201T150000Z, 20261201", NULL},
        {"12/01/2026 or 1.12.2026 or 2026/12/01", NULL},
        {"December 1, 2026 at 10:30 a.m.", NULL},
        {"open 10:30-11:45, 09:00 to 17:30", NULL},
        {"127.0.0.1:8080", NULL},
        {"192.168.1.10:8080 and 192.168.100.200", NULL},
        {"http://203.0.113.77:9100/v1", NULL},
        {"9 to 5, 3 people, 42", NULL},
        {"room 101 on floor 12", NULL},
        {"10 20 30", NULL},
        {"2025-2026", NULL},
        {"$1,500,000.00 or $15000000 or \xe2\x82\xac"
         "1500000",
            NULL},
        {"1,234,567", NULL},
        {"3.1415926 and 1234567.89", NULL},
        {"took 0.1234567 s", NULL},
        {"v1.20.3001, 15.0.20231110, 10.20.3001", NULL},
        {"gpt-4o-2024-08-06", NULL},
        {"claude-20241022", NULL},
        {"123456", NULL},
        {"12345678901234567890", NULL},
        {"100% + 5 = (6)", NULL},
        {"1st 2nd 3rd", NULL},
        {"caf\xc3\xa9 \xe2\x80\x94 na\xc3\xafve", NULL},
    };
    EXPECT_ROWS(rows);
}

static void reads_what_urls_carry(void **state)
{
    static const struct row rows[] = {
        {"/find?who=peter%20dot%20novak%20at%20gmail%20dot%20com&a=1", "/find?who=[email]&a=1"},
        {"%28212%29%20555-0142", "[phone]"},
        {"%2B44%2020%207946%200958", "[phone]"},
        {"born%20on%2003%2f03%2f84", "born on [birth_date]"},
        {"it%20is%20five%20five%20five%2C%20oh%20one%20double%20two", "it is [phone]"},
        {"a%20table%20for%20two", "a table for two"},
        {"%2Bx %40 %", "+x @ %"},
        {"100%25, %zz, %0a, %c3%a9 and %2", "100%, %zz, %0a, %c3%a9 and %2"},
    };
    EXPECT_ROWS(rows);
}

static void stays_linear_on_long_input(void **state)
{
    static const char *const parts[] = {
        "1 ", "a dot ", "one ", "12 ", "a@", "1.1.", "x.", "+", "(1", "%2", "%20"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct strbuf in, out;
        strbuf_init(&in, 1 << 20);
        strbuf_init(&out, 1 << 21);
        while (in.len < 200000)
            strbuf_add_text(&in, parts[i]);
        redact(&out, strbuf_slice(&in));
        assert_false(out.failed);
        strbuf_free(&in);
        strbuf_free(&out);
    }
}

static void appends_and_says_when_it_does_not_fit(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 12);
    strbuf_add_text(&out, "to: ");
    redact(&out, SLICE("555-0123"));
    assert_false(out.failed);
    redact(&out, SLICE("more"));
    assert_true(out.failed);
    assert_memory_equal(out.data, "to: [phone]", 11);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_phone_numbers),
        cmocka_unit_test(hides_spoken_numbers),
        cmocka_unit_test(hides_email_addresses),
        cmocka_unit_test(leaves_the_rest_alone),
        cmocka_unit_test(reads_what_urls_carry),
        cmocka_unit_test(stays_linear_on_long_input),
        cmocka_unit_test(appends_and_says_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
